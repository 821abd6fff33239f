package edge

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// entry is what the log says of a request, beside what the Root has seen.
type entry struct {
	start          time.Time
	took           time.Duration
	status         int
	received, sent int64 // bytes of the bodies
}

// log notes a request in one line. The query stays out of it, since queries
// hold secrets.
func (s *Server) log(r *http.Request, root *bus.Root, e entry) {
	bad := badOf(e.status, root.Seen.Err)
	level := levelOf(bad)
	if !s.options.Log.Enabled(root, level) {
		return
	}
	if (bad < 400 || ofLimit(root.Seen.Err)) && s.options.LogSample < 1 && rand.Float64() >= s.options.LogSample {
		return
	}
	attrs := make([]slog.Attr, 0, 16)
	attrs = append(attrs,
		slog.String("id", root.ID),
		slog.String("client", root.Client),
		slog.String("method", clip(r.Method, 32)),
		slog.String("path", clip(r.URL.EscapedPath(), 1024)),
		slog.Int("status", e.status),
		slog.Int64("received", e.received),
		slog.Int64("sent", e.sent),
		milliseconds("duration_ms", e.took),
	)
	attrs = appendSet(attrs, "mount", root.Seen.Mount)
	if root.Seen.Upstream != "" {
		attrs = append(attrs, slog.String("upstream", root.Seen.Upstream), milliseconds("upstream_ms", root.Seen.Waited))
	}
	if root.Seen.Tries > 1 {
		attrs = append(attrs, slog.Int("tries", root.Seen.Tries))
	}
	attrs = appendSet(attrs, "user", root.Seen.User)
	attrs = appendSet(attrs, "actor", root.Seen.Actor)
	attrs = appendSet(attrs, "token", root.Seen.Token)
	attrs = appendSet(attrs, "trace", root.Trace.ID)
	if root.Seen.Err != nil {
		attrs = append(attrs, slog.String("error", clip(root.Seen.Err.Error(), 4096)))
		var panicked *bus.PanicError
		if errors.As(root.Seen.Err, &panicked) {
			attrs = append(attrs, slog.String("stack", string(panicked.Stack)))
		}
	}
	s.options.Log.LogAttrs(root, level, "request", attrs...)
}

// ofLimit reports whether err is for one of the many requests that come while there
// is too much to do, or too often.
func ofLimit(err error) bool {
	var known *bus.Error
	if !errors.As(err, &known) {
		return false
	}
	switch known.Type {
	case bus.TypeBusy, bus.TypeDelay, bus.TypeRate:
		return true
	}
	return false
}

// badOf returns the status of an answer, but that of err where err broke off one
// that had begun as a good one, and of a panic in any case. A client that left is
// none of these.
func badOf(status int, err error) int {
	var known *bus.Error
	var panicked *bus.PanicError
	switch {
	case errors.As(err, &panicked):
		return http.StatusInternalServerError
	case status < 400 && errors.As(err, &known):
		return known.Status
	}
	return status
}

// levelOf returns the level of the line for a status. What failed here is an
// error. 502, 503 and 504 say that another server is not there, or that there is
// too much to do: every request of an outage has one of them, and it passes.
func levelOf(status int) slog.Level {
	switch {
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return slog.LevelWarn
	case status >= 500:
		return slog.LevelError
	}
	return slog.LevelInfo
}

func appendSet(attrs []slog.Attr, key, value string) []slog.Attr {
	if value == "" {
		return attrs
	}
	return append(attrs, slog.String(key, value))
}

func milliseconds(key string, d time.Duration) slog.Attr {
	return slog.Float64(key, float64(d.Microseconds())/1000)
}

func clip(s string, most int) string {
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
