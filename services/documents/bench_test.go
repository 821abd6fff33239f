package documents_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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
	onEachStoreB(b, func(b *testing.B, c *client) {
		data := []byte(`{"name":"Bert","age":7}`)
		for b.Loop() {
			m := c.request("PATCH", "doc.json")
			m.Body = bus.NewBody(data, "application/json")
			if _, err := c.service.Serve(b.Context(), m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkList lists a page of 1,000 and of 10,000 names of 20,000, and for
// comparison has the driver yield as many.
func BenchmarkList(b *testing.B) {
	onEachStoreB(b, func(b *testing.B, c *client) {
		for i := range 20_000 {
			_, err := c.keep.Put(b.Context(), adaptors.Key{fmt.Sprintf("%08d.json", i)}, jsonBody("1"), adaptors.Condition{})
			require.NoError(b, err)
		}
		for _, take := range []int{1_000, 10_000} {
			b.Run(fmt.Sprintf("page-%d", take), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					m := c.request("GET")
					m.URL.Query = fmt.Sprintf("$take=%d", take)
					if _, err := c.service.Serve(b.Context(), m); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(fmt.Sprintf("driver-%d", take), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					n := 0
					for _, err := range c.keep.List(b.Context(), nil, "") {
						if n++; err != nil || n == take {
							break
						}
					}
				}
			})
		}
	})
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
