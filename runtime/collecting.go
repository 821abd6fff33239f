package runtime

import (
	"context"
	"log/slog"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/metrics"
	"github.com/seed90475182/restspace/runtime/traces"
)

// collecting is what has traces collected from the next configuration on. The zero
// value is what has them collected now.
type collecting struct {
	changes bool
	tracer  *traces.Tracer // nil: nobody
}

// collect prepares what conf says of traces. Only a server for the network has
// them collected.
func (r *Runtime) collect(conf *config.Config) (collecting, error) {
	if !r.options.Listen || r.options.DryRun {
		return collecting{}, nil
	}
	settings, err := traces.SettingsOf(conf.Server.Traces, r.options.Env)
	switch {
	case err != nil:
		return collecting{}, err
	case r.traces.Has(settings):
		return collecting{}, nil
	case settings.URL == "":
		return collecting{changes: true}, nil
	}
	tracer, err := r.traces.New(settings, r.options.Version, slog.New(r.log))
	return collecting{true, tracer}, err
}

// use has c collect what begins from now on. Requests that have begun end with
// what was there before.
func (r *Runtime) use(c collecting) {
	if !c.changes {
		return
	}
	if before := r.traces.Use(c.tracer); before != nil {
		r.retired.Go(func() { before.Close(r.cutoff) })
	}
}

// abandon closes what nobody has used.
func (c collecting) abandon() {
	if c.tracer != nil {
		c.tracer.Close(context.Background())
	}
}

// watch is told of the calls of an adaptor: it counts them, notes whether the last
// one failed, and has traces show them.
type watch struct {
	meter *metrics.Adaptor
	last  *lastCall
	spans traces.Adaptor
}

// Begin is part of adaptors.Watcher.
func (w *watch) Begin(ctx context.Context, o adaptors.Operation) (context.Context, bus.Span) {
	return w.spans.Begin(ctx, o)
}

// Called is part of adaptors.Watcher.
func (w *watch) Called(o adaptors.Operation, took time.Duration, err error) {
	w.meter.Called(o, took, err)
	w.last.note(err)
}
