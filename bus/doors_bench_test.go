package bus_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// fixed answers with the same bytes each time.
func fixed(size int) bus.Service {
	data := make([]byte, size)
	return bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		return bus.Reply(200, bus.NewBody(data, "text/plain")), nil
	})
}

// BenchmarkHandlerRoundTrip is a request over the loopback, its client's part
// included.
func BenchmarkHandlerRoundTrip(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			server := httptest.NewServer(bus.Handler(fixed(size.bytes)))
			defer server.Close()
			fetch(b, server.Client(), server.URL)
		})
	}
}

func BenchmarkTransport(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) { fetch(b, clientOf(fixed(size.bytes)), "http://x/") })
	}
}

func fetch(b *testing.B, client *http.Client, url string) {
	b.ReportAllocs()
	for b.Loop() {
		answer, err := client.Get(url)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
}

func BenchmarkFromHandlerRoundTrip(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			data := make([]byte, size.bytes)
			service := bus.FromHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }))
			b.ReportAllocs()
			for b.Loop() {
				reply, err := service.Serve(b.Context(), &bus.Message{Method: "GET"})
				require.NoError(b, err)
				_, _ = io.Copy(io.Discard, reply.Body.Reader())
				_ = reply.Close()
			}
		})
	}
}
