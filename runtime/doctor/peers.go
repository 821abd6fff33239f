package doctor

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime/identity"
)

// maxKeys is how many bytes a set of keys has at most.
const maxKeys = 256 << 10

// peers looks whether the other servers of the installation believe the tokens of
// this one, and it theirs.
func peers(ctx context.Context, p *Patient) (found []adaptors.Finding) {
	keys, err := identity.LoadKeys(p.Config.Auth.KeyFile)
	if err != nil {
		return nil // it was told already, or there are none yet
	}
	public, err := keys.Public()
	if err != nil {
		return nil
	}
	ours := keyIDs(public)
	for _, peer := range p.Config.Server.Peers {
		answer, err := call(ctx, http.MethodGet, peer, "/.well-known/jwks.json")
		if err != nil {
			continue // it was told when it was asked for its time
		}
		text, err := io.ReadAll(io.LimitReader(answer.Body, maxKeys))
		_ = answer.Body.Close()
		theirs := keyIDs(text)
		switch {
		case err != nil || len(theirs) == 0:
			found = append(found, problem("write in server.peers only servers of this installation", "%s has no keys to tell (%s): it is no restspace, or does not answer by that name", peer, answer.Status))
		case !slices.Contains(theirs, ours[0]) || !slices.Contains(ours, theirs[0]):
			found = append(found, problem("give all servers of the installation the same auth.keyFile", "%s signs with the key %s, and this server with %s: one does not believe the other", peer, theirs[0], ours[0]))
		default:
			found = append(found, good("%s has the same keys", peer))
		}
	}
	return found
}

// keyIDs returns the IDs of a JSON Web Key Set, the one that signs first.
func keyIDs(set []byte) (ids []string) {
	for _, id := range gjson.GetBytes(set, "keys.#.kid").Array() {
		ids = append(ids, fmt.Sprintf("%.40q", id.String()))
	}
	return ids
}
