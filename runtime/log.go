package runtime

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/runtime/config"
)

// handler returns where the log of a configuration goes.
func (r *Runtime) handler(conf *config.Config) slog.Handler {
	options := &slog.HandlerOptions{Level: conf.Server.Log.Level, ReplaceAttr: redact(r.secrets)}
	if cmp.Or(conf.Server.Log.Format, r.options.LogFormat) == "text" {
		return slog.NewTextHandler(r.options.LogTo, options)
	}
	return slog.NewJSONHandler(r.options.LogTo, options)
}

// liveLog is the handler of the current configuration, whichever that is: what
// lives longer than one configuration logs as the newest one says.
type liveLog struct {
	current *atomic.Pointer[slog.Handler]
	with    []func(slog.Handler) slog.Handler // what was added by With and WithGroup
}

func (l liveLog) handler() slog.Handler {
	h := *l.current.Load()
	for _, add := range l.with {
		h = add(h)
	}
	return h
}

// Enabled is part of slog.Handler.
func (l liveLog) Enabled(ctx context.Context, level slog.Level) bool {
	return (*l.current.Load()).Enabled(ctx, level)
}

// Handle is part of slog.Handler.
func (l liveLog) Handle(ctx context.Context, r slog.Record) error { return l.handler().Handle(ctx, r) }

// WithAttrs is part of slog.Handler.
func (l liveLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return l.adding(func(h slog.Handler) slog.Handler { return h.WithAttrs(attrs) })
}

// WithGroup is part of slog.Handler.
func (l liveLog) WithGroup(name string) slog.Handler {
	return l.adding(func(h slog.Handler) slog.Handler { return h.WithGroup(name) })
}

func (l liveLog) adding(add func(slog.Handler) slog.Handler) slog.Handler {
	l.with = append(slices.Clip(l.with), add)
	return l
}

// logAs has the log be as conf says from now on. What was a secret before stays
// one: requests that are under way may still tell it.
func (r *Runtime) logAs(conf *config.Config) {
	for _, secret := range conf.Secrets {
		if !slices.Contains(r.secrets, secret) {
			r.secrets = append(r.secrets, secret)
		}
	}
	h := r.handler(conf)
	r.log.current.Store(&h)
	r.traces.Hide(replacerOf(r.secrets))
}

// audit notes who has changed the configuration, whatever the level of the log
// is. Where its bytes are the same, something beside them has changed, such as
// a certificate.
func (r *Runtime) audit(by, from, to string) {
	record := slog.NewRecord(time.Now(), slog.LevelInfo, "configuration changed", 0)
	record.AddAttrs(slog.String("by", by))
	if from == to {
		record.Message = "configuration loaded anew"
		record.AddAttrs(slog.String("version", to))
	} else {
		record.AddAttrs(slog.String("from", from), slog.String("to", to))
	}
	_ = r.log.Handle(context.Background(), record)
}

// redact returns what takes the secrets out of the log; nil if there are none.
func redact(secrets []string) func([]string, slog.Attr) slog.Attr {
	replacer := replacerOf(secrets)
	if replacer == nil {
		return nil
	}
	return func(_ []string, a slog.Attr) slog.Attr {
		switch a.Value.Kind() {
		case slog.KindString:
			a.Value = slog.StringValue(replacer.Replace(a.Value.String()))
		case slog.KindAny:
			if _, ok := a.Value.Any().(*slog.Source); !ok {
				a.Value = slog.StringValue(replacer.Replace(fmt.Sprint(a.Value.Any())))
			}
		}
		return a
	}
}

// replacerOf returns what takes the secrets out of a text, the longest first,
// since one may begin with another; nil if there are none.
func replacerOf(secrets []string) *strings.Replacer {
	var pairs []string
	longest := slices.SortedFunc(slices.Values(secrets), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, secret := range longest {
		if secret != "" {
			pairs = append(pairs, secret, "[redacted]")
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	return strings.NewReplacer(pairs...)
}

// hide takes the secrets out of a text.
func hide(secrets []string, text string) string {
	if replacer := replacerOf(secrets); replacer != nil {
		return replacer.Replace(text)
	}
	return text
}
