package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	ours, err := p.keyIDs()
	if err != nil {
		return nil // it was told already
	}
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
		case len(ours) == 0 && p.isOwn(peer): // what it lacks was told
		case len(ours) == 0:
			found = append(found, problem("copy the file from there to "+p.Config.Auth.KeyFile+", mode 0600", "%s has the key %s, and this server none: it would make its own, and one would not believe the other", peer, theirs[0]))
		case !slices.Contains(theirs, ours[0]) || !slices.Contains(ours, theirs[0]):
			found = append(found, problem("give all servers of the installation the same auth.keyFile", "the newest key of %s is %s, and that of this server %s: one does not believe the other", peer, theirs[0], ours[0]))
		default:
			found = append(found, good("%s has the same keys", peer))
		}
	}
	return found
}

// keyIDs returns the IDs of the signing keys, none where there is no file.
func (p *Patient) keyIDs() ([]string, error) {
	keys, err := identity.LoadKeys(p.Config.Auth.KeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	public, err := keys.Public()
	return keyIDs(public), err
}

// keyIDs returns the IDs of a JSON Web Key Set, the newest first.
func keyIDs(set []byte) (ids []string) {
	for _, id := range gjson.GetBytes(set, "keys.#.kid").Array() {
		ids = append(ids, fmt.Sprintf("%.40q", id.String()))
	}
	return ids
}
