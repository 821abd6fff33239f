package proxy_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/proxy"
	"github.com/seed90475182/restspace/urlpattern"
)

// What the proxy costs beside the call itself: one upstream that answers the
// first try, from memory or with a stream, against the call alone.
func BenchmarkProxy(b *testing.B) {
	whole, text := bus.NewBody(make([]byte, 1<<10), "text/plain"), make([]byte, 1<<10)
	bytes := bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) { return bus.Reply(200, whole), nil })
	streams := bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		return bus.Reply(200, bus.NewStream(nothing{}, int64(len(text)), "text/plain")), nil
	})
	for name, upstream := range map[string]bus.Service{"bytes": bytes, "stream": streams} {
		kind := proxy.Kind()
		c := kind.Config().(*proxy.Config)
		c.URL = "http://a/api"
		service, err := kind.New(b.Context(), services.Env{Name: "orders", Base: []string{"m"}, Config: c, Bus: upstream, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/call", func(b *testing.B) { serveAll(b, upstream) })
		b.Run(name+"/proxy", func(b *testing.B) { serveAll(b, service) })
	}
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }
func (nothing) Close() error             { return nil }

func serveAll(b *testing.B, s bus.Service) {
	b.ReportAllocs()
	header := bus.Header{{Name: "Accept", Value: "*/*"}, {Name: "User-Agent", Value: "bench"}, {Name: "Accept-Encoding", Value: "gzip"}}
	for b.Loop() {
		root := bus.NewRoot(context.Background(), 0)
		root.Client, root.Host = "192.0.2.7", "shop.example"
		reply, err := s.Serve(root, &bus.Message{Method: "GET", URL: urlpattern.URL{Path: []string{"m", "a"}, Base: 1}, Header: header})
		if err != nil {
			b.Fatal(err)
		}
		_ = reply.Close()
		root.End()
	}
}
