package urlpattern

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func BenchmarkAppendPath(b *testing.B) {
	for _, path := range []string{"/json/hello", "/files/photos/2024/summer%20holiday.jpg"} {
		b.Run(path, func(b *testing.B) {
			dst := make([]string, 0, 8)
			b.ReportAllocs()
			for b.Loop() {
				_, _, _ = AppendPath(dst, path)
			}
		})
	}
}

func BenchmarkExpand(b *testing.B) {
	u := URL{Path: []string{"pipe", "orders", "2024"}, Base: 1, Query: "page=2&email=a%40b.c"}
	v := &Values{URL: &u, Body: []byte(`{"id":17,"customer":{"name":"Bert","email":"bert@example.com"},"lines":[1,2,3]}`)}
	for _, pattern := range []string{
		"/json/$>0/$>1",
		"/json/$>0/$>1/${customer.email}",
		"/json/$*",
		"/json/$>0?page=$?(page)",
		"/json/${lines[]}",
	} {
		b.Run(pattern, func(b *testing.B) {
			p, err := Parse(pattern)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Expand(v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSelector(b *testing.B) {
	doc := fmt.Appendf(nil, `{"head":"x","list":[%s{"n":0}],"tail":"y"}`, strings.Repeat(`{"n":1,"text":"abcdefgh"},`, 4000))
	for _, path := range []string{"head", "tail", "list[n == 0].n"} {
		b.Run(fmt.Sprintf("%s of %d KB", path, len(doc)>>10), func(b *testing.B) {
			s, err := ParseSelector(path)
			require.NoError(b, err)
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := s.Raw(doc); !ok {
					b.Fatal("absent")
				}
			}
		})
	}
}
