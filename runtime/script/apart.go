package script

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// apart keeps the servers of a script away from what is outside: who tests the
// configuration of a server that is in use writes nothing where that has its
// documents, sends nobody a mail, and calls nobody.
type apart struct {
	outside bool          // stores and other servers are left as they are
	dir     []string      // the working directory
	memory  adaptors.Kind // of stores in memory
	mails   outbox

	mu       sync.Mutex
	hosts    []string // of the servers of the script
	inMemory []string // the services whose stores would be outside
}

// enter notes the working directory.
func (a *apart) enter() error {
	dir, err := os.Getwd()
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	a.dir = strings.FieldsFunc(dir, func(r rune) bool { return r == filepath.Separator })
	return err
}

// adaptors returns those of r, but the outbox for all mailers, and a store in
// memory for each that is not below the working directory. Of a plugin that is not
// used nobody looks at the program.
func (a *apart) adaptors(r adaptors.Registry) adaptors.Registry {
	kinds := r.Kinds()
	if i := slices.IndexFunc(kinds, func(k adaptors.Kind) bool { return k.Of == adaptors.StoreInterface && k.Volatile }); i >= 0 {
		a.memory = kinds[i]
	}
	for i, k := range kinds {
		kinds[i] = a.kind(k)
	}
	return adaptors.NewRegistry(kinds...).WithPlugins(func(p adaptors.Plugin, of adaptors.Interface) (adaptors.Kind, error) {
		if of == adaptors.MailerInterface || of == adaptors.StoreInterface && !a.outside {
			return a.kind(adaptors.Kind{Name: p.Path, Of: of, Config: func() any { return new(adaptors.RawConfig) }}), nil
		}
		return r.Plugin(p, of)
	})
}

func (a *apart) kind(k adaptors.Kind) adaptors.Kind {
	switch {
	case k.Of == adaptors.MailerInterface:
		k.New = func(context.Context, any, adaptors.Env) (any, error) { return &a.mails, nil }
	case k.Of == adaptors.StoreInterface && !k.Volatile && !a.outside:
		open := k.New
		k.New = func(ctx context.Context, config any, env adaptors.Env) (any, error) {
			if k.Claims != nil && a.within(k.Claims(config)) {
				return open(ctx, config, env)
			}
			if a.memory.New == nil {
				return nil, errors.New("it is outside of the working directory, and no store in memory can take its place")
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			a.inMemory = append(a.inMemory, env.Name)
			return a.memory.New(ctx, a.memory.Config(), env)
		}
	}
	return k
}

// within reports whether claims are below the working directory.
func (a *apart) within(claims []adaptors.Claim) bool {
	return len(claims) > 0 && !slices.ContainsFunc(claims, func(c adaptors.Claim) bool {
		return c.Space != "file" || len(c.Path) < len(a.dir) || !slices.Equal(c.Path[:len(a.dir)], a.dir)
	})
}

// admit has a server of the script called by those that start after it.
func (a *apart) admit(host string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hosts = append(a.hosts, host)
}

// calls refuses calls of servers that are not of the script.
func (a *apart) calls(u urlpattern.URL) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.outside || slices.Contains(a.hosts, u.Host) {
		return nil
	}
	place := u.Scheme + "://" + u.Host
	return &bus.Error{Status: http.StatusBadGateway, Type: bus.TypeUnreachable,
		Detail: fmt.Sprintf(`a test calls no servers but its own: have one stand for %s, in a part "server: %s"`, place, place)}
}
