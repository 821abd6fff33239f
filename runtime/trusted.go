package runtime

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/identity"
	"github.com/seed90475182/restspace/urlpattern"
)

// keysOf is an issuer and where its keys are.
type keysOf struct{ issuer, url string }

// trusted returns the issuers that the configuration of g trusts beside its own.
// Keys that old has had from the same place stay, should they not be had again.
func (r *Runtime) trusted(g, old *generation, log *slog.Logger) []identity.Trusted {
	conf := &g.conf.Auth
	list := make([]identity.Trusted, len(conf.Trust))
	g.trusted = make(map[keysOf]*identity.RemoteKeys)
	for i, t := range conf.Trust {
		list[i] = identity.Trusted{Name: t.Issuer, Audience: t.Audience, Keys: t.Keys, User: t.User, Roles: t.Roles, Facts: conf.UserProps}
		if t.URL.Host == "" {
			continue
		}
		keys := &identity.RemoteKeys{Name: t.Issuer, Log: log, Fetch: func(ctx context.Context) ([]byte, error) {
			return r.fetchKeys(ctx, t.URL, g.conf)
		}}
		of := keysOf{t.Issuer, t.URL.String()}
		if old != nil && old.trusted[of] != nil {
			keys.Follow(old.trusted[of])
		}
		g.trusted[of], list[i].Keys = keys, keys
	}
	return list
}

// maxKeys is how many bytes a set of keys of another issuer has at most.
const maxKeys = 256 << 10

// fetchKeys reads a set of keys from another server, which the configuration
// names.
func (r *Runtime) fetchKeys(ctx context.Context, url urlpattern.URL, conf *config.Config) ([]byte, error) {
	root := bus.NewRoot(ctx, 0)
	defer root.End()
	reply, err := r.remote.serve(root, &bus.Message{Method: http.MethodGet, URL: url}, []string{url.Host}, conf)
	if err != nil {
		return nil, err
	}
	defer reply.Close()
	if reply.Status != http.StatusOK {
		return nil, fmt.Errorf("%s answers %d", url, reply.Status)
	}
	return reply.Body.Bytes(maxKeys)
}
