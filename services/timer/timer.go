// Package timer is the service that makes a call again and again: after the
// same time, or when the clock shows what a cron expression says.
//
// All that a timer knows from one moment to the next is one [state], which a
// keeper keeps in a store or in memory. Every change of it is conditional: of
// several servers with one store one makes it, and the others look again. Who
// replaces a due time by the next one, with a turn of its own, is the one who
// runs; while it does, its turn has a beat. A turn without a beat is one whose
// server is gone. What is compared for that is the time since a beat was seen,
// by the clock of who sees it, and never the clocks of two servers.
package timer

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

//go:embed README.md
var doc string

// Kind returns the Kind timer.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:    "timer",
		Doc:     doc,
		Example: `{"service": "timer", "every": "1h", "call": "POST https://example.com/jobs/cleanup", "readRoles": "A", "writeRoles": "A"}`,
		Config:  func() any { return &Config{Missed: "run"} },

		Describe: func(any) []services.Operation { return describe() },
	}, open)
}

type needs struct {
	Store *adaptors.Keep `slot:"adaptor" optional:"true"`
}

func open(_ context.Context, env services.Env, c Config, n needs) (bus.Service, error) {
	t := newTimer(env, c)
	if n.Store != nil {
		t.keep = &stored{n.Store, adaptors.Key{env.Name + ".json"}}
	}
	var err error
	t.Router, err = t.routes().Service()
	return t, err
}

func (t *timer) routes() services.Routes {
	return services.Routes{
		"GET /":       t.status,
		"POST /start": t.start,
		"POST /pause": t.pause,
		"POST /run":   t.runNow,
	}
}

func describe() []services.Operation {
	operation := func(method, path, name, doc string, status int) services.Operation {
		return services.Operation{Method: method, Path: path, Name: name, Doc: doc, Answers: []services.Answer{
			{Status: status, Doc: "The state of the timer", Content: []services.Content{{MediaType: "application/json"}}}}}
	}
	return (*timer)(nil).routes().Operations(
		operation(http.MethodGet, "", "status", "Show the state of the timer", http.StatusOK),
		operation(http.MethodPost, "/start", "start", "Start the timer", http.StatusOK),
		operation(http.MethodPost, "/pause", "pause", "Pause the timer", http.StatusOK),
		operation(http.MethodPost, "/run", "run", "Make the call now", http.StatusAccepted),
	)
}

// timer is one mount of the Kind.
type timer struct {
	*services.Router
	config Config
	bus    bus.Service
	log    *slog.Logger
	keep   keeper
	now    func() time.Time
	wake   chan struct{} // the state was changed here

	// What follows is of Run alone.
	claim string // of a turn that a save may have made, though it failed
	seen  seen
}

func newTimer(env services.Env, c Config) *timer {
	return &timer{config: c, bus: env.Bus, log: env.Log, keep: new(memory), now: time.Now, wake: make(chan struct{}, 1)}
}

// Follows is part of services.Successor: what is kept in memory goes on.
func (t *timer) Follows(before bus.Service) {
	old, ok := before.(*timer)
	if !ok {
		return
	}
	_, mine := t.keep.(*memory)
	if kept, ok := old.keep.(*memory); ok && mine {
		t.keep = kept
	}
}
