package documents_test

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkSearch looks at 10,000 documents of 1 KB.
func BenchmarkSearch(b *testing.B) {
	const documents = 10_000
	for name, open := range stores() {
		b.Run(name, func(b *testing.B) {
			c := newClient(b, open(b), true)
			for i := range documents {
				c.put(fmt.Sprintf("/n%05d", i), fmt.Sprintf(`{"name":"Ann %d","age":%d,"text":"%s"}`, i, i%100, strings.Repeat("x", 1000)))
			}
			for title, query := range map[string][]string{
				"filter": {"$filter", "age gt 98 and startswith(name,'Ann 99')"},
				"order":  {"$orderby", "age desc,name", "$top", "10"},
				"count":  {"$filter", "age gt 30", "$count", "true", "$top", "0"},
			} {
				b.Run(title, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						m := c.request("GET")
						m.URL.Query = strings.TrimPrefix(q("", query...), "?")
						if _, err := c.service.Serve(b.Context(), m); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/documents, "ns/document")
				})
			}
		})
	}
}
