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

// trusted returns the issuers that a configuration trusts beside its own.
func (r *Runtime) trusted(conf *config.Config, log *slog.Logger) []identity.Trusted {
	list := make([]identity.Trusted, len(conf.Auth.Trust))
	for i, t := range conf.Auth.Trust {
		list[i] = identity.Trusted{Name: t.Issuer, Audience: t.Audience, Keys: t.Keys, User: t.User, Roles: t.Roles, Facts: conf.Auth.UserProps}
		if t.URL.Host != "" {
			list[i].Keys = &identity.RemoteKeys{Name: t.Issuer, Log: log, Fetch: func(ctx context.Context) ([]byte, error) {
				return r.fetchKeys(ctx, t.URL, conf)
			}}
		}
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
