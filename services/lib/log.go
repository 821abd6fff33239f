package lib

import (
	"context"
	"log/slog"
	"net/http"

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
	data, err := m.Body.Bytes(l.limit)
	if err != nil {
		return nil, err
	}
	shown := data
	if len(shown) > maxLogged {
		shown = shown[:maxLogged]
	}
	l.log.LogAttrs(ctx, slog.LevelInfo, "message", append(l.facts(ctx, m), slog.String("body", string(shown)))...)
	return pass(m, http.StatusOK), nil
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
