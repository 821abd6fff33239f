package pipeline_test

import (
	"context"
	"io"
	"strings"
	"sync"

	"github.com/seed90475182/restspace/bus"
)

type nopCloser struct{ io.Reader }

func (nopCloser) Close() error { return nil }

// dataset keeps the last body that was sent to each path.
type dataset struct {
	mu        sync.Mutex
	documents map[string]*bus.Body
}

// Serve is part of bus.Service.
func (d *dataset) Serve(_ context.Context, m *bus.Message) (*bus.Message, error) {
	key := strings.Join(m.ServicePath(), "/")
	d.mu.Lock()
	defer d.mu.Unlock()
	if m.Method != "GET" {
		data, err := m.Body.Bytes(1 << 20)
		d.documents[key] = bus.NewBody(data, m.Body.MediaType())
		return bus.Reply(200, nil), err
	}
	if d.documents[key] == nil {
		return nil, bus.Errorf(404, "nothing is at %s", key)
	}
	return bus.Reply(200, d.documents[key]), nil
}
