package documents_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents"
	"github.com/seed90475182/restspace/urlpattern"
)

var kilobyte = `{"name":"Ann","text":"` + strings.Repeat("x", 1000) + `"}`

func (c *client) request(method string, path ...string) *bus.Message {
	return &bus.Message{Method: method, URL: urlpattern.URL{Path: append([]string{"base"}, path...), Dir: len(path) == 0, Base: 1}}
}

// onEachStoreB runs a benchmark of JSON documents on each built-in store.
func onEachStoreB(b *testing.B, bench func(b *testing.B, c *client)) {
	for name, open := range stores() {
		b.Run(name, func(b *testing.B) {
			c := newClient(b, open(b), true)
			c.put("/doc", kilobyte)
			b.ReportAllocs()
			bench(b, c)
		})
	}
}

func BenchmarkGet(b *testing.B) {
	onEachStoreB(b, func(b *testing.B, c *client) {
		for b.Loop() {
			reply, err := c.service.Serve(b.Context(), c.request("GET", "doc.json"))
			if err != nil {
				b.Fatal(err)
			}
			_ = reply.Close()
		}
	})
}

func BenchmarkGetNotModified(b *testing.B) {
	onEachStoreB(b, func(b *testing.B, c *client) {
		header := bus.Header{{Name: "If-None-Match", Value: c.get("/doc").header.Get("ETag")}}
		for b.Loop() {
			m := c.request("GET", "doc.json")
			m.Header = header
			reply, err := c.service.Serve(b.Context(), m)
			if err != nil || reply.Status != 304 {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkPut(b *testing.B) {
	onEachStoreB(b, func(b *testing.B, c *client) {
		data := []byte(kilobyte)
		for b.Loop() {
			m := c.request("PUT", "doc.json")
			m.Body = bus.NewBody(data, "application/json")
			if _, err := c.service.Serve(b.Context(), m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkPatch(b *testing.B) {
	for mediaType, patch := range map[string]string{
		"application/merge-patch+json": `{"name":"Bert","age":7}`,
		"application/json-patch+json":  `[{"op":"replace","path":"/name","value":"Bert"},{"op":"add","path":"/age","value":7}]`,
	} {
		b.Run(mediaType, func(b *testing.B) {
			onEachStoreB(b, func(b *testing.B, c *client) {
				for b.Loop() {
					m := c.request("PATCH", "doc.json")
					m.Body = bus.NewBody([]byte(patch), mediaType)
					if _, err := c.service.Serve(b.Context(), m); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// row is a store of which only the root can be listed: what is left of a
// listing when the store costs nothing.
type row struct {
	adaptors.Store
	list []adaptors.Info
}

func (r row) List(context.Context, adaptors.Key, adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	return func(yield func(adaptors.Info, error) bool) {
		for _, info := range r.list {
			if !yield(info, nil) {
				return
			}
		}
	}
}

func BenchmarkList(b *testing.B) {
	var r row
	for i := range 100_000 {
		r.list = append(r.list, adaptors.Info{Name: fmt.Sprintf("%08d.json", i), Size: 10, ETag: "x", ModTime: time.Unix(int64(i), 0)})
	}
	c := newClient(b, r, true)
	for _, query := range []string{"", "$list=details", "$take=100"} {
		b.Run(query, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m := c.request("GET")
				m.URL.Query = query
				if _, err := c.service.Serve(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCheckJSON(b *testing.B) {
	data := []byte(kilobyte)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := documents.CheckJSON(data); err != nil {
			b.Fatal(err)
		}
	}
}
