package runtime_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWhatABrowserCouldRunIsSandboxed(t *testing.T) {
	s := start(t, newProbe(), `{"services": [{"name": "a", "basePath": "/a", "service": "probe", "readRoles": "all"}]}`)
	for mediaType, want := range map[string]string{
		"text/html": "sandbox", "TEXT/HTML ; charset=utf-8": "sandbox", "application/xhtml+xml": "sandbox", "image/svg+xml": "sandbox",
		"text/xml": "sandbox", "application/xml": "sandbox", "text/javascript": "sandbox", "application/x-javascript": "sandbox", "text/ecmascript": "sandbox",
		"text/xsl": "sandbox", "text/html, */*": "sandbox", "text/plain, text/html": "sandbox", "text/html; a=b, text/plain;": "sandbox", "text/plain, image/png": "",
		"application/json": "", "text/plain; charset=utf-8": "", "image/png": "", "application/pdf": "", "text/css": "", "": "",
	} {
		response, _ := s.sent(t, "GET", "/a/page", "X-Type", mediaType)
		assert.Equal(t, want, response.Header.Get("Content-Security-Policy"), mediaType)
		assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"))
	}
	response, _ := s.sent(t, "GET", "/a/page", "X-Type", "text/html", "X-Policy", "script-src 'self'")
	assert.Equal(t, []string{"script-src 'self'"}, response.Header.Values("Content-Security-Policy"), "a service that says it itself")
}
