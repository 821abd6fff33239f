package servicetest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// paths are asked for below each mount: some are there, some are not.
var paths = [...]string{"", "/", "/nothing", "/nothing/below", "/nothing/", "/a%2Fb"}

func options(t *testing.T, s *server) {
	before := s.calls.Load()
	for _, mount := range []string{"/open", "/closed", "/internal", "/nowhere"} {
		for _, path := range paths {
			response, body := s.do(t, http.MethodOptions, mount+path, "")
			assert.Equal(t, http.StatusNoContent, response.StatusCode, mount+path)
			assert.Empty(t, body)
			assert.Contains(t, response.Header.Get("Allow"), "OPTIONS")
		}
	}
	assert.Equal(t, before, s.calls.Load(), "no adaptor was called")
	response, _ := s.do(t, http.MethodOptions, "/open", "")
	assert.Equal(t, "open", response.Header.Get("X-Restspace-Service"))
	response, _ = s.do(t, http.MethodOptions, "/internal", "")
	assert.Empty(t, response.Header.Get("X-Restspace-Service"), "an internal mount does not tell its name")
}

func head(t *testing.T, s *server) {
	for _, path := range paths {
		get, _ := s.do(t, http.MethodGet, "/open"+path, "")
		head, body := s.do(t, http.MethodHead, "/open"+path, "")
		assert.Equal(t, get.StatusCode, head.StatusCode, path)
		assert.Empty(t, body, path)
		for _, name := range []string{"Content-Type", "ETag", "Last-Modified", "Location", "Allow", "X-Restspace-Service"} {
			assert.Equal(t, get.Header.Get(name), head.Header.Get(name), "%s of %s", name, path)
		}
		assert.Equal(t, get.ContentLength, head.ContentLength, path)
	}
}

func unknownMethod(t *testing.T, s *server) {
	for _, path := range paths {
		response, _ := s.do(t, "FROB", "/open"+path, "")
		if response.StatusCode == http.StatusNotFound {
			continue // the service has nothing at all there
		}
		assert.Equal(t, http.StatusMethodNotAllowed, response.StatusCode, path)
		asked, _ := s.do(t, http.MethodOptions, "/open"+path, "")
		assert.Equal(t, asked.Header.Get("Allow"), response.Header.Get("Allow"), path)
	}
}

func refusals(t *testing.T, s *server) {
	before := s.calls.Load()
	for _, method := range []string{"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "FROB"} {
		for _, path := range paths {
			response, _ := s.do(t, method, "/closed"+path, "")
			assert.Equal(t, http.StatusUnauthorized, response.StatusCode, "%s %s", method, path)
			assert.Equal(t, `Bearer realm="restspace"`, response.Header.Get("WWW-Authenticate"))
			response, _ = s.do(t, method, "/closed"+path, "U a")
			assert.Equal(t, http.StatusForbidden, response.StatusCode, "%s %s", method, path)
		}
	}
	assert.Equal(t, before, s.calls.Load(), "no adaptor was called")
	response, _ := s.do(t, http.MethodGet, "/closed/", "A")
	assert.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, response.StatusCode)
	response, _ = s.do(t, http.MethodGet, "/closed/", "", "Authorization", "Bearer nonsense")
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
	assert.Contains(t, response.Header.Get("WWW-Authenticate"), `error="invalid_token"`)
}

func internal(t *testing.T, s *server) {
	there, body := s.do(t, http.MethodGet, "/internal/x", "A")
	nowhere, same := s.do(t, http.MethodGet, "/nowhere/x", "A")
	assert.Equal(t, http.StatusNotFound, there.StatusCode)
	assert.Equal(t, http.StatusNotFound, nowhere.StatusCode)
	assert.Equal(t, withoutInstance(t, same), withoutInstance(t, body), "nothing confirms that it is there")
	assert.Empty(t, there.Header.Get("X-Restspace-Service"))
}

func names(t *testing.T, s *server) {
	for _, mount := range []string{"open", "closed"} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "FROB", "OPTIONS"} {
			response, _ := s.do(t, method, "/"+mount+"/nothing", "", "X-Restspace-Service", "forged")
			assert.Equal(t, []string{mount}, response.Header.Values("X-Restspace-Service"), method)
			assert.Len(t, response.Header.Get("X-Request-Id"), 32, method)
			assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"), method)
		}
	}
}

func problems(t *testing.T, s *server) {
	response, body := s.do(t, http.MethodGet, "/closed/x", "")
	assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
	problem := withoutInstance(t, body)
	assert.InDelta(t, 401, problem["status"], 0)
	assert.Equal(t, "about:blank", problem["type"])
	assert.Equal(t, "Unauthorized", problem["title"])
	assert.Contains(t, body, response.Header.Get("X-Request-Id"), "the instance is the id of the request")

	response, body = s.do(t, http.MethodGet, "/closed/x", "", "Accept", "text/html,application/xhtml+xml")
	assert.Equal(t, "text/html; charset=utf-8", response.Header.Get("Content-Type"))
	assert.Contains(t, body, "<h1>401 Unauthorized</h1>")
	assert.Equal(t, "default-src 'none'", response.Header.Get("Content-Security-Policy"))
	assert.Equal(t, "Accept", response.Header.Get("Vary"))
}

func compressed(t *testing.T, s *server) {
	response, body := s.do(t, http.MethodPost, "/open/x", "", "Content-Encoding", "gzip")
	assert.Equal(t, http.StatusUnsupportedMediaType, response.StatusCode)
	assert.Contains(t, body, "Content-Encoding")
}

func traversal(t *testing.T, s *server) {
	for _, path := range []string{
		"/open/../closed/x", "/open/%2e%2e/closed/x", "/open/..%2fclosed", "/open//x", "/open/./x", "/open/x%00",
		`/open/..\closed`, "/open/%c0%ae", "//closed/x",
	} {
		response, body := s.do(t, http.MethodGet, path, "")
		assert.Equal(t, http.StatusBadRequest, response.StatusCode, path)
		assert.Contains(t, body, "path, byte", path)
	}
	for _, path := range []string{"/Closed/x", "/closed%2Fx", "/%2561closed/x"} {
		response, _ := s.do(t, http.MethodGet, path, "")
		assert.Equal(t, http.StatusNotFound, response.StatusCode, path)
	}
	response, _ := s.do(t, http.MethodGet, "/%63losed/x", "")
	assert.Equal(t, http.StatusUnauthorized, response.StatusCode, "one canonical path for mounts and rules")
}

// withoutInstance returns a problem document without what differs each time.
func withoutInstance(t *testing.T, body string) map[string]any {
	t.Helper()
	var problem map[string]any
	require.NoError(t, json.NewDecoder(strings.NewReader(body)).Decode(&problem), body)
	require.Len(t, problem["instance"], 32)
	delete(problem, "instance")
	return problem
}
