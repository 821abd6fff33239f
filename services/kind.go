package services

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// A Kind describes a sort of service to the configuration. Make one with
// [Define].
type Kind struct {
	Name    string
	Doc     string // for its users, Markdown: what restspace help shows
	Example string // a service of it as services.json would hold it, without name and basePath: one that works

	PostReads bool // POST only computes: readRoles suffice for it
	Documents bool // it keeps documents: PUT makes and replaces, so that createRoles mean something

	// Composes: what it changes, it changes by calls of others through Env.Bus or
	// Env.AsCaller, but for what is management. A dry run has it answer, and
	// plans the calls.
	Composes bool

	// Foreign: the servers that it calls are none of the installation, even where
	// one of server.peers has their host: they are not told who asks.
	Foreign bool

	// Pages: what it serves are pages that may run scripts, in the origin of the
	// server. What a browser could run of other Kinds is put into a sandbox.
	Pages bool

	// Extension is what the name of a document may end in or not, and mean the
	// same: rules see it without. "" is none.
	Extension string

	// Records: its documents are JSON, and it holds them to Message.Records.
	Records bool

	// Users: it signs users in, or keeps their records if it has Documents, and
	// gets Env.Identity for it.
	Users bool

	// Manages reports whether a request needs manageRoles instead of the roles
	// of its method. It must not touch the body. nil: none does.
	Manages func(m *bus.Message) bool

	// Config returns a pointer to a new config with its defaults: a struct whose
	// tags name and describe its keys, as package config says. [Define] has one
	// without defaults. It may have Check() error, which is called when it is
	// decoded, and Hosts() []string: the hosts of the URLs in it, as
	// urlpattern.URL has them, which the service may call though their
	// addresses are private. It may be [Linked] and [Remote].
	Config   func() any
	Adaptors []Slot // what it needs of the outside world

	// Describe returns what a service with that config, which is decoded and
	// checked, can be asked for. It is not asked for what the service opens.
	// [Routes.Operations] makes much of it. nil: nothing is told of it but that it
	// is there.
	Describe func(config any) []Operation

	// New makes the service of a mount. What it returns may have io.Closer,
	// [Runner], [Successor], [Health], [Methods], [Checks] and [Patches]. It starts no background work.
	New func(ctx context.Context, env Env) (bus.Service, error)
}

// A Slot is an adaptor that a Kind needs. services.json says which under Key,
// and its config under Key + "Config".
type Slot struct {
	Key     string
	Of      adaptors.Interface
	Default string // adaptor Kind when services.json names none; "" is an error then

	Optional bool // it is none, and no error: the service has no adaptor there
}

// ChecksAdaptors is a config that goes only with some adaptors, or with none.
type ChecksAdaptors interface {
	// CheckAdaptors is called after Check. chosen reports whether services.json
	// names an adaptor for a slot. Its errors are like those of Check.
	CheckAdaptors(chosen func(slot string) bool) error
}

// Env is all that a service gets: nothing is global.
type Env struct {
	Name     string
	Base     []string
	Exact    bool           // only Base itself leads here, nothing below it and not with a slash
	Config   any            // what Kind.Config made, decoded and checked
	Bus      bus.Service    // calls to others: limited, traced, as this service
	AsCaller bus.Service    // the same with the rights of the message's user and no more: for URLs that come out of data
	Adaptors map[string]any // by Slot.Key: *adaptors.Keep, adaptors.Mailer, adaptors.Engine; none where it is optional
	Limits   Limits
	Identity Identity // for a Kind of Users; nil for all others
	Log      *slog.Logger
}

// Limits of a mount.
type Limits struct {
	Body     int64 // bytes of a body that is held in memory
	File     int64 // bytes of a body that is streamed to a store
	FanOut   int   // messages that one may be split into
	Parallel int   // calls at one time, of those that belong to one request of the mount
}

// A Runner is a service with background work. Run works until ctx ends; what
// it returns before that is the health of the service, not the end of it.
//
// ctx ends when a service of another configuration takes the place of this one,
// whose Run begins then. What was begun may be ended all the same, in a context
// without the end of ctx: the calls of Env.Bus have the time-out of a request,
// and no more than the drain time where the server ends.
type Runner interface {
	Run(ctx context.Context) error
}

// A Successor is a service that goes on with what the one does that had its
// name until now.
type Successor interface {
	// Follows is called before anybody asks the service, and while the one
	// before it still works. That may be of another Kind.
	Follows(before bus.Service)
}

// Health is a service that knows whether all of it works.
type Health interface {
	// Health returns what does not work, for who runs the server; nil is well. It
	// is quick, and is asked while requests are served. Of its adaptors it says
	// nothing: they are asked themselves.
	Health() error
}

// Methods is a service that knows which methods it has at a service path: what
// Allow says. Without it a service has none to tell.
type Methods interface {
	// Methods returns the methods for a service path of decoded segments; dir
	// says that it ends in a slash. HEAD goes with GET and OPTIONS always:
	// neither is listed.
	Methods(path []string, dir bool) []string
}

// Checks is a service that refuses some writes for what is in them, and can say so
// without writing.
type Checks interface {
	// Check returns why it would refuse m, nil if it would not. m can be served
	// afterwards. A dry run asks it of what it does not write.
	Check(ctx context.Context, m *bus.Message) error
}

// Patches is a service that says in which formats it takes patches: what
// Accept-Patch says (RFC 5789 section 3.1) where there is PATCH.
type Patches interface {
	// AcceptPatch returns media types with commas between them.
	AcceptPatch() string
}

// A Registry is a list of Kinds by name. It does not change.
type Registry struct{ kinds map[string]Kind }

// NewRegistry returns a list of the kinds. It panics where two have one name.
func NewRegistry(kinds ...Kind) Registry {
	r := Registry{kinds: make(map[string]Kind, len(kinds))}
	for _, k := range kinds {
		if _, ok := r.kinds[k.Name]; ok {
			panic(fmt.Sprintf("services: two kinds are named %q", k.Name))
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
