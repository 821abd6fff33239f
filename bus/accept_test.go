package bus_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus"
)

func TestQuality(t *testing.T) {
	for _, row := range []struct {
		accept string
		names  []string
		want   float64
	}{
		{"", []string{"gzip", "*"}, 0},
		{"gzip", []string{"gzip"}, 1},
		{"deflate, GZip ; q=0.5", []string{"gzip"}, 0.5},
		{"gzip;Q=0.25", []string{"gzip"}, 0.25},
		{"gzip;q=0", []string{"gzip", "*"}, 0},
		{"*;q=0.1, gzip;q=0", []string{"gzip", "*"}, 0},
		{"*;q=0.1, gzip;q=0", []string{"zstd", "*"}, 0.1},
		{"text/html;level=1;q=0.4", []string{"text/html"}, 0.4},
		{"text/*;q=0.3, */*;q=0.1", []string{"text/html", "text/*", "*/*"}, 0.3},
		{"gzip;q=2", []string{"gzip"}, 0},
		{"gzip;q=-1", []string{"gzip"}, 0},
		{"gzip;q=NaN", []string{"gzip"}, 0},
		{"gzip;q=", []string{"gzip"}, 0},
		{"xgzip, gzip2", []string{"gzip"}, 0},
	} {
		assert.InDelta(t, row.want, bus.Quality(row.accept, row.names...), 0, "%q %v", row.accept, row.names)
	}
}

func TestCodingQuality(t *testing.T) {
	for accept, want := range map[string]float64{"gzip;q=0.5": 0.5, "x-gzip": 1, "*;q=0.5": 0.5, "gzip;q=0, *": 0, "br": 0, "identity": 0} {
		assert.InDelta(t, want, bus.CodingQuality(accept, "gzip"), 0, accept)
	}
}

func TestProblemIsAPageForWhoPrefersOne(t *testing.T) {
	const json, page = "application/problem+json", "text/html; charset=utf-8"
	for accept, want := range map[string]string{
		"":                               json,
		"*/*":                            json,
		"text/html":                      page,
		"text/*":                         page,
		"TEXT/HTML":                      page,
		"text/html;q=0":                  json,
		"text/htmlx":                     json,
		"application/json, text/html":    json,
		"text/html, application/json":    json,
		"text/html, application/*;q=0.5": page,
		"application/json;q=0.9, text/html;level=1":                                                        page,
		"text/html;q=0.5, application/problem+json;q=0.6":                                                  json,
		"application/json, text/plain, */*":                                                                json,
		"image/avif,image/webp,image/png,*/*;q=0.8":                                                        json,
		"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8":            page,
		"application/xhtml+xml,text/html;q=0.9,text/plain;q=0.8,image/png,*/*;q=0.5":                       page,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8,application/signed-exchange;v=b3": page,
	} {
		m := bus.Problem(bus.Errorf(400, "x"), "", accept)
		assert.Equal(t, want, m.Body.MediaType(), accept)
		assert.Equal(t, "Accept", m.Header.Get("Vary"), accept)
		assert.Equal(t, want == page, m.Header.Get("Content-Security-Policy") == "default-src 'none'", accept)
	}
}
