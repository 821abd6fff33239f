package gateway

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// What an upstream says to browsers holds where it is about its own answer, and
// not where it is about whose pages may use this server.
func TestWhatAnUpstreamSaysToBrowsers(t *testing.T) {
	s := start(t, upstream(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Content-Type", "text/html")
		switch r.URL.Path {
		case "/own":
			h.Set("Content-Security-Policy", "script-src 'self'")
		case "/packed":
			h.Set("Content-Encoding", "gzip")
			h.Set("ETag", `"x-gzip"`)
			h.Set("X-Asked", r.Header.Get("If-None-Match"))
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 2000))
	}), "cors", []string{"https://app.example.org"})

	answer, _ := s.do(t, "GET", "/m/page", nil, "Origin", "https://evil.example")
	assert.Empty(t, answer.Header.Get("Content-Security-Policy"), "its pages run")
	assert.Empty(t, answer.Header.Get("Access-Control-Allow-Origin"))
	answer, _ = s.do(t, "GET", "/m/own", nil, "Origin", "https://app.example.org")
	assert.Equal(t, []string{"script-src 'self'"}, answer.Header.Values("Content-Security-Policy"))
	assert.Equal(t, []string{"https://app.example.org"}, answer.Header.Values("Access-Control-Allow-Origin"))

	answer, text := s.do(t, "GET", "/m/page", nil, "Accept-Encoding", "gzip")
	assert.Equal(t, "gzip", answer.Header.Get("Content-Encoding"))
	assert.Less(t, len(text), 1000)
	answer, text = s.do(t, "GET", "/m/packed", nil, "Accept-Encoding", "gzip", "If-None-Match", `"x-gzip"`)
	assert.Equal(t, []string{"gzip"}, answer.Header.Values("Content-Encoding"))
	assert.Len(t, text, 2000, "what comes packed stays as it is")
	assert.Equal(t, `"x-gzip"`, answer.Header.Get("ETag"))
	assert.Equal(t, `"x-gzip", "x"`, answer.Header.Get("X-Asked"), "its own tag is still there")
}

// A page of another origin has a browser send cookies that are not the page's:
// an upstream that is told cookies does not see them with what may change
// something.
func TestCookiesOfPagesOfOtherOrigins(t *testing.T) {
	s := start(t, upstream(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("Cookie")) }),
		"cors", []string{"https://app.example.org"}, "credentials", []string{"cookie"})
	for _, row := range []struct{ method, origin, want string }{
		{"POST", s.url, "session=1"},
		{"POST", "https://app.example.org", "session=1"},
		{"POST", "https://evil.example", ""},
		{"DELETE", "null", ""},
		{"GET", "https://evil.example", "session=1"}, // the page can't read the answer
	} {
		answer, text := s.do(t, row.method, "/m/x", nil, "Origin", row.origin, "Cookie", "session=1")
		assert.Equal(t, 200, answer.StatusCode, row)
		assert.Equal(t, row.want, text, row)
	}
}
