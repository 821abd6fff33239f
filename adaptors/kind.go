package adaptors

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
)

// A Kind describes a sort of adaptor to the configuration: its name, what its
// config looks like, and how one is made.
type Kind struct {
	Name    string
	Doc     string    // for its users, Markdown: what restspace help shows
	Of      Interface // which interface New's result has
	Example string    // a config that works, JSON

	// Config returns a pointer to a new config with its defaults: a struct whose
	// tags name and describe its keys, as package config says. Its Check()
	// error, if any, is called when it is decoded.
	Config func() any

	// Claims returns what of the outside a config takes for itself, such as a
	// directory: two adaptors whose claims overlap are an error of the
	// configuration. nil claims nothing.
	Claims func(config any) []Claim

	// Volatile says that what it holds ends with the process, so that there is
	// nothing for another process to find.
	Volatile bool

	// FromURL returns the config that a URL with the scheme Name stands for: a
	// new one, as Config makes it, of which Check is still to be called. nil: no
	// URL stands for one.
	FromURL func(u *url.URL) (config any, err error)

	// Ask says what is wrong with a config where only somebody outside of the
	// process knows, such as a plugin: an error as Check's. It opens nothing. nil
	// has nobody to ask.
	Ask func(ctx context.Context, config any, env Env) error

	// Examine tells an operator how well what a config names does for the adaptor,
	// and how to mend it. It may be called while others use the same. It changes
	// nothing but what it makes for that under a name of its own, and removes.
	// nil has nothing to tell.
	Examine func(ctx context.Context, config any, env Env) []Finding

	// New opens an adaptor for a decoded config. What it returns has the
	// interface Of, and io.Closer where there is something to close.
	New func(ctx context.Context, config any, env Env) (any, error)
}

// Env is what an adaptor gets besides its config.
type Env struct {
	Name string // of the service that it is for
	Log  *slog.Logger
	Pool *Pool // what all adaptors of the process share; nil shares nothing

	// Existing wants what is there already: where a driver would make a
	// directory or the like, its error is fs.ErrNotExist instead.
	Existing bool

	// ReadOnly wants nothing changed, not by the opening either: Existing goes
	// with it, writes are ErrReadOnly, and what another process has for itself
	// is read all the same.
	ReadOnly bool
}

// A Claim is a part of the outside world that belongs to one adaptor: a path
// of segments in a space of its own, such as the file system. A claim overlaps
// one that it begins with, or that begins with it.
type Claim struct {
	Space string
	Path  []string
}

// Overlaps reports whether c and d have something in common.
func (c Claim) Overlaps(d Claim) bool {
	n := min(len(c.Path), len(d.Path))
	return c.Space == d.Space && slices.Equal(c.Path[:n], d.Path[:n])
}

// Interface is one of the interfaces of this package.
type Interface string

// The interfaces that a Kind can be of.
const (
	StoreInterface  Interface = "Store"
	MailerInterface Interface = "Mailer"
	EngineInterface Interface = "Engine"
)

// A Registry is a list of Kinds by name. It does not change.
type Registry struct {
	kinds  map[string]Kind
	plugin func(Plugin, Interface) (Kind, error) // nil takes none
}

// NewRegistry returns a list of the kinds. It panics where two have one name.
func NewRegistry(kinds ...Kind) Registry {
	r := Registry{kinds: make(map[string]Kind, len(kinds))}
	for _, k := range kinds {
		if _, ok := r.kinds[k.Name]; ok {
			panic(fmt.Sprintf("adaptors: two kinds are named %q", k.Name))
		}
		r.kinds[k.Name] = k
	}
	return r
}

// Kind returns the kind of that name.
func (r Registry) Kind(name string) (Kind, bool) {
	k, ok := r.kinds[name]
	return k, ok
}

// Kinds returns all kinds in the order of their names.
func (r Registry) Kinds() []Kind {
	list := make([]Kind, 0, len(r.kinds))
	for _, k := range r.kinds {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b Kind) int { return strings.Compare(a.Name, b.Name) })
	return list
}
