package bus_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// returned answers with the message that came.
var returned = bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
	m.Status = 200
	return m, nil
})

var sizes = []struct {
	name  string
	bytes int
}{{"1KiB", 1 << 10}, {"1MiB", 1 << 20}}

func hopTable(b *testing.B) *bus.Table {
	table, err := bus.NewTable(
		&bus.Mount{Name: "root", Service: returned},
		&bus.Mount{Name: "data", Base: []string{"data"}, Service: returned},
		&bus.Mount{Name: "orders", Base: []string{"data", "orders"}, Service: returned},
	)
	require.NoError(b, err)
	return table
}

func BenchmarkHop(b *testing.B)     { benchmarkHops(b, 1) }
func BenchmarkTenHops(b *testing.B) { benchmarkHops(b, 10) }

func benchmarkHops(b *testing.B, hops int) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			table := hopTable(b)
			m := &bus.Message{Method: "GET", Body: bus.NewBody(make([]byte, size.bytes), "text/plain"),
				URL: urlpattern.URL{Path: []string{"data", "orders", "7"}}}
			b.ReportAllocs()
			for b.Loop() {
				for range hops {
					var err error
					if m, err = table.Serve(b.Context(), m); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
