package runtime

import (
	"net/http"
	"slices"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// isKeySet reports whether a path is that of the public keys.
func isKeySet(path []string) bool {
	return slices.Equal(path, []string{".well-known", "jwks.json"})
}

// keySet answers with the public halves of the keys that tokens are signed with
// (RFC 7517), for others that are to believe them. Who finds a token with a key
// that is not among them asks again.
func (g *generation) keySet(m *bus.Message) (*bus.Message, error) {
	_ = m.Close()
	if m.Method != http.MethodGet && m.Method != http.MethodHead {
		return nil, services.MethodNotAllowed(m.Method, []string{http.MethodGet})
	}
	keys, err := g.issuer.Keys.Public()
	if err != nil {
		return nil, err
	}
	reply := bus.Reply(http.StatusOK, bus.NewBody(keys, "application/jwk-set+json"))
	reply.Header.Add("Cache-Control", "public, max-age=300")
	return reply, nil
}
