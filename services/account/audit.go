package account

import (
	"context"
	"log/slog"

	"github.com/seed90475182/restspace/bus"
)

// Event is something that happened to an account.
type Event struct {
	Name    string // such as login
	User    string // email of the account
	By      string // email of who did it, where that is another one
	Outcome string // ok, or why not, in a word or two
}

// Audit notes an event in the log, with the request that it belongs to. Events
// have no secrets.
func Audit(ctx context.Context, log *slog.Logger, e Event) {
	attrs := append(make([]slog.Attr, 0, 6), slog.String("event", e.Name), slog.String("user", e.User), slog.String("outcome", e.Outcome))
	if e.By != "" {
		attrs = append(attrs, slog.String("by", e.By))
	}
	if root := bus.RootOf(ctx); root != nil {
		attrs = append(attrs, slog.String("client", root.Client), slog.String("id", root.ID))
	}
	log.LogAttrs(ctx, slog.LevelInfo, "audit", attrs...)
}
