package pipeline

import (
	"context"
	"net/http"

	"github.com/seed90475182/restspace/bus"
)

func (t *transform) run(ctx context.Context, r *run, _ string, m *message) (flow, bool) {
	scope := r.scope(m)
	var err error
	if scope.Input, err = m.data(r); err != nil {
		return failed(m, r.explained(t.at, err)), true
	}
	made, err := t.made.Apply(ctx, scope)
	if err != nil {
		return failed(m, r.explained(t.at, err)), true
	}
	_ = m.body.Close()
	m.replace(nil, http.StatusOK)
	if made != nil {
		m.body, m.json = bus.NewBody(made, mediaTypeJSON), made
	}
	return pass(m), true
}
