package pipeline

import (
	"context"
	"iter"

	"github.com/seed90475182/restspace/bus"
)

// jsonArray joins parts to the list of their bodies, in their order. Those
// without a body are left out.
type jsonArray struct{}

func (jsonArray) join(_ context.Context, r *run, parts iter.Seq2[*message, error]) (*bus.Body, error) {
	var all pieces
	for m, err := range parts {
		if err != nil {
			return nil, err
		}
		data, err := m.data(r)
		if err == nil && len(data) > 0 {
			err = all.add(r, nil, data)
		}
		m.close()
		if err != nil {
			return nil, err
		}
	}
	return bus.NewBody(all.enclosed('[', ']'), mediaTypeJSON), nil
}
