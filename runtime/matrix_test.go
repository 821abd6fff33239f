package runtime_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// mountsOfMatrix are mounts below and beside each other, with all forms of roles.
const mountsOfMatrix = `{"services": [
	{"name": "top", "basePath": "/", "service": "probe", "readRoles": "A", "writeRoles": "A"},
	{"name": "open", "basePath": "/open", "service": "probe", "readRoles": "all", "writeRoles": "U"},
	{"name": "data", "basePath": "/data", "service": "probe", "readRoles": "U /private A /private/shared all", "writeRoles": "E /private A"},
	{"name": "deep", "basePath": "/data/private/deep", "service": "probe", "readRoles": "E", "writeRoles": "none"},
	{"name": "own", "basePath": "/own", "service": "probe", "readRoles": "{email} A", "writeRoles": "{email}"},
	{"name": "exact", "basePath": "/exact.", "service": "probe", "readRoles": "U", "writeRoles": "A"},
	{"name": "inner", "basePath": "/inner", "service": "probe", "readRoles": "all", "writeRoles": "all", "internal": true}]}`

// needed says in other words than the program's who may read and write at
// decoded segments: the names of roles, or of a user. "gone" is a mount that is
// not there for anybody.
func needed(path []string, directory bool) (read, write string) {
	below := func(base ...string) bool { return len(path) >= len(base) && slices.Equal(path[:len(base)], base) }
	switch {
	case below("data", "private", "deep"):
		return "E", "none"
	case below("data", "private", "shared"):
		return "all", "A"
	case below("data", "private"):
		return "A", "A"
	case below("data"):
		return "U", "E"
	case below("open"):
		return "all", "U"
	case below("own", "ann@example.com"):
		return "ann A", "ann"
	case below("own"):
		return "A", "none"
	case slices.Equal(path, []string{"exact"}) && !directory:
		return "U", "A"
	case below("inner"):
		return "gone", "gone"
	}
	return "A", "A"
}

// decoded returns the segments of a path as it is written; ok is false where it
// is none, or means another to many a program: it is for nobody.
func decoded(path string) (segments []string, ok bool) {
	segments = strings.Split(path, "/")[1:]
	if last := len(segments) - 1; last > 0 && segments[last] == "" {
		segments = segments[:last] // a directory
	}
	for i, segment := range segments {
		text, err := url.PathUnescape(segment)
		if err != nil || text == "" || text == "." || text == ".." || strings.ContainsAny(text, "\\\x00") || strings.HasSuffix(text, "/") || strings.HasPrefix(text, "../") || !utf8.ValidString(text) {
			return nil, false
		}
		segments[i] = text
	}
	return segments, true
}

// spellings returns ways to write a path, and what may be taken for it.
func spellings(path string) []string {
	last := strings.LastIndexByte(path, '/') + 1
	encoded := func(form string) string {
		var b strings.Builder
		for i := range len(path) {
			if path[i] == '/' {
				b.WriteByte('/')
			} else {
				fmt.Fprintf(&b, form, path[i])
			}
		}
		return b.String()
	}
	return []string{
		path, encoded("%%%02X"), encoded("%%%02x"), path + "?a=/../b", path + "/", encoded("%%25%02X"), strings.ToUpper(path),
		"/" + path, strings.Replace(path, "/", "//", 2), path + "//", path + "/.", path + "/..", "/open/.." + path, "/open/%2e%2e" + path,
		"/open/..%2f" + path[1:], path[:1] + strings.ReplaceAll(path[1:], "/", "%2F"), path[:1] + strings.ReplaceAll(path[1:], "/", "\\"),
		path[:last] + "./" + path[last:], path + ";a=b", path + "%00", path + "%20", path + ".", path + "%2f",
		path[:last] + "%c0%ae%c0%ae/" + path[last:],
	}
}

func TestOneDecisionForEachSpelling(t *testing.T) {
	s := start(t, newProbe(), mountsOfMatrix)
	users := map[string]string{"nobody": ""}
	for who, roles := range map[string]string{"stranger": "X", "user": "U", "editor": "U E", "admin": "U E A", "ann": ""} {
		token, err := s.Token(&bus.User{Email: who + "@example.com", Roles: strings.Fields(roles)}, time.Hour)
		require.NoError(t, err)
		users[who] = token
	}
	has := func(who, need string) bool {
		roles := map[string]string{"stranger": "X", "user": "U", "editor": "U E", "admin": "U E A", "ann": "ann"}[who]
		for word := range strings.FieldsSeq(need) {
			if word == "all" || slices.Contains(strings.Fields(roles), word) {
				return true
			}
		}
		return false
	}
	want := func(who, need string) int {
		switch {
		case need == "gone":
			return http.StatusNotFound
		case has(who, need):
			return http.StatusOK
		case who == "nobody":
			return http.StatusUnauthorized
		}
		return http.StatusForbidden
	}
	for _, path := range []string{"/x", "/open", "/open/x", "/data/x", "/data/privatex", "/data/private", "/data/private/x", "/data/private/shared/x",
		"/data/private/deep", "/data/private/deep/x", "/own/ann@example.com", "/own/bob@example.com", "/own/ann@example.com/x", "/exact", "/exact/x", "/inner/x"} {
		for _, written := range spellings(path) {
			bare, _, _ := strings.Cut(written, "?")
			segments, ok := decoded(bare)
			read, write := needed(segments, strings.HasSuffix(bare, "/"))
			for who, token := range users {
				for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACK"} {
					need := write
					if method == "GET" || method == "HEAD" {
						need = read
					}
					got := s.decision(t, method, written, token)
					expected := http.StatusBadRequest
					if ok {
						expected = want(who, need)
					}
					assert.Equal(t, expected, got, "%s as %s: %s", method, who, written)
				}
			}
		}
	}
}

// decision sends a path as it is written, and returns the status.
func (s *server) decision(t *testing.T, method, path, token string) int {
	t.Helper()
	path, query, _ := strings.Cut(path, "?")
	request := &http.Request{Method: method, URL: &url.URL{Scheme: "http", Host: s.Addr(), Opaque: "//" + s.Addr() + path, RawQuery: query}, Header: make(http.Header)}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.client.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	return response.StatusCode
}
