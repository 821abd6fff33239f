package lib

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// maxLogged is how much of a body a line of the log shows.
const maxLogged = 4 << 10

func (l library) logLine(ctx context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	l.log.LogAttrs(ctx, slog.LevelInfo, "message", l.facts(ctx, m)...)
	return pass(m, http.StatusOK), nil
}

func (l library) logBody(ctx context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	source := m.Body.Reader()
	shown, more, err := peek(source, maxLogged)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) { // that is told again to who reads on
		return nil, err
	}
	if m.Body.Stream() != nil {
		m.Body = remade(m.Body, io.NopCloser(io.MultiReader(bytes.NewReader(shown), source)), m.Body.Size(), m.Body.MediaType())
	}
	text := l.secrets.ReplaceAllString(string(shown), `$1"***"`)
	l.log.LogAttrs(ctx, slog.LevelInfo, "message", append(l.facts(ctx, m), slog.String("body", text), slog.Bool("cut", more))...)
	return pass(m, http.StatusOK), nil
}

// secrets finds the JSON strings, also one that is cut off, whose names say that
// they are for nobody to see.
func secrets() (*regexp.Regexp, error) {
	return regexp.Compile(`(?i)("[^"]*(?:password|passwd|secret|token|authorization|cookie|api[-_]?key)[^"]*"\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)`)
}

// facts are what a line says of m. The query and the header hold secrets.
func (l library) facts(ctx context.Context, m *bus.Message) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("method", m.Method),
		slog.String("name", m.Name),
		slog.String("type", m.Body.MediaType()),
		slog.Int64("size", m.Body.Size()),
	}
	if root := bus.RootOf(ctx); root != nil {
		attrs = append(attrs, slog.String("id", root.ID))
	}
	return attrs
}
