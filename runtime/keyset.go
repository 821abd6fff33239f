package runtime

import (
	"context"
	"net/http"

	"github.com/seed90475182/restspace/bus"
)

// keySet answers with the public halves of the keys that tokens are signed with
// (RFC 7517), for others that are to believe them. Who finds a token with a key
// that is not among them asks again.
func (g *generation) keySet(context.Context, *bus.Message, error) (*bus.Message, error) {
	keys, err := g.issuer.Keys.Public()
	if err != nil {
		return nil, err
	}
	reply := bus.Reply(http.StatusOK, bus.NewBody(keys, "application/jwk-set+json"))
	reply.Header.Add("Cache-Control", "public, max-age=300")
	return reply, nil
}
