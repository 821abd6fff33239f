package bus_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// fixed answers with the same bytes each time.
func fixed(size int) bus.Service {
	data := make([]byte, size)
	return bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		return bus.Reply(200, bus.NewBody(data, "text/plain")), nil
	})
}

// BenchmarkHandler is what Handler adds to a server of net/http.
func BenchmarkHandler(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			handler := bus.Handler(fixed(size.bytes))
			request := httptest.NewRequest("GET", "/data/orders/7?x=1", nil)
			request.Header = http.Header{"Accept": {"*/*"}, "User-Agent": {"bench"}, "Accept-Encoding": {"gzip"}}
			w := &discarding{header: make(http.Header)}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				handler.ServeHTTP(w, request)
			}
		})
	}
}

// discarding is an http.ResponseWriter to nowhere.
type discarding struct{ header http.Header }

func (d *discarding) Header() http.Header         { return d.header }
func (d *discarding) WriteHeader(int)             {}
func (d *discarding) Write(p []byte) (int, error) { return len(p), nil }

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
			service := bus.FromHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{"text/plain"}
				_, _ = w.Write(data)
			}))
			request := bus.Message{Method: "GET", URL: urlpattern.URL{Path: []string{"data", "orders", "7"}},
				Header: bus.Header{{Name: "Accept", Value: "*/*"}, {Name: "User-Agent", Value: "bench"}}}
			b.ReportAllocs()
			for b.Loop() {
				m := request
				reply, err := service.Serve(b.Context(), &m)
				require.NoError(b, err)
				_, _ = io.Copy(io.Discard, reply.Body.Reader())
				_ = reply.Close()
			}
		})
	}
}
