package runtime

import (
	"log/slog"
	"strings"

	"github.com/seed90475182/restspace/runtime/config"
)

// handler returns where the log of a configuration goes.
func (r *Runtime) handler(conf *config.Config) slog.Handler {
	options := &slog.HandlerOptions{Level: conf.Server.Log.Level, ReplaceAttr: redact(conf.Secrets)}
	if conf.Server.Log.Format == "text" {
		return slog.NewTextHandler(r.options.LogTo, options)
	}
	return slog.NewJSONHandler(r.options.LogTo, options)
}

// redact returns what takes the secrets out of the log, nil if there are none.
func redact(secrets []string) func([]string, slog.Attr) slog.Attr {
	var pairs []string
	for _, secret := range secrets {
		if secret != "" {
			pairs = append(pairs, secret, "[redacted]")
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	replacer := strings.NewReplacer(pairs...)
	return func(_ []string, a slog.Attr) slog.Attr {
		switch a.Value.Kind() {
		case slog.KindString:
			a.Value = slog.StringValue(replacer.Replace(a.Value.String()))
		case slog.KindAny:
			if err, ok := a.Value.Any().(error); ok {
				a.Value = slog.StringValue(replacer.Replace(err.Error()))
			}
		}
		return a
	}
}
