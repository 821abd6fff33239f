package documents_test

import (
	"fmt"
	"testing"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
)

// BenchmarkSummaries lists 1,000 documents of 1 KB: once their summaries are
// known, and by a service that has to open each.
func BenchmarkSummaries(b *testing.B) {
	const documents = 1_000
	all := stores()
	all["s3"] = func(b testing.TB) adaptors.Store {
		server := s3test.Start(b)
		return onS3(b, server, server.Bucket(b))
	}
	for name, open := range all {
		b.Run(name, func(b *testing.B) {
			plain := newClient(b, open(b), true)
			for i := range documents {
				plain.put(fmt.Sprintf("/n%05d", i), kilobyte)
			}
			list := func(b *testing.B, c *client) {
				m := c.request("GET")
				m.URL.Query = "$list=summary"
				if _, err := c.service.Serve(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
			b.Run("known", func(b *testing.B) {
				c := plain.summarized("name")
				list(b, c)
				b.ReportAllocs()
				for b.Loop() {
					list(b, c)
				}
			})
			b.Run("opened", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					list(b, plain.summarized("name"))
				}
			})
		})
	}
}
