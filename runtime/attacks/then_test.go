package attacks

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// then carries out what a row wants to have seen after its answer, and removes
// what the row has stored.
func (a *arena) then(t *testing.T, r *sent) {
	t.Helper()
	if r.accepted() {
		back := a.get(t, r.target)
		assert.Equal(t, 200, back.status, "reading back what was stored")
		assert.Equal(t, r.body, back.body, "reading back what was stored")
		assert.Equal(t, "nosniff", back.header.Get("X-Content-Type-Options"), "reading back what was stored")
	}
	if check := thens()[r.Expect.Then]; check != nil {
		check(t, a, r)
	} else {
		assert.Empty(t, r.Expect.Then, "nobody knows how to check this")
	}
	if check := alsos()[r.ID]; check != nil {
		check(t, a, r)
	}
	if r.Expect.SameAs != "" {
		a.assertSameAs(t, r)
	}
	switch location := r.header.Get("Location"); {
	case r.accepted():
		a.remove(t, r.target)
	case r.status == http.StatusCreated && location != "":
		a.remove(t, location)
	}
}

func (a *arena) remove(t *testing.T, path string) {
	t.Helper()
	assert.Equal(t, http.StatusNoContent, a.request(t, "DELETE", path, a.admin, "").status, "DELETE %s", path)
}

// check is something to see after an attack.
type check func(t *testing.T, a *arena, r *sent)

// thens are the checks that rows name in words.
func thens() map[string]check {
	return map[string]check{
		"GET same path -> same bytes if accepted; GET /json/hello unchanged": helloStands,
		"GET /json/hello is still {\"hello\":\"world\"}":                     helloStands,
		"GET /json/hello still 200 same bytes":                               helloStands,
		"GET /json/hello 200":                                                helloStands,
		"GET /json/cut 404":                                                  notStored,
		"GET /json/j is 404 or the earlier bytes":                            notStoredUnlessAccepted,
		"PUT /json/caf%c3%a9 then list /json/; compare with the documented rule": func(t *testing.T, a *arena, r *sent) {
			const composed = "/json/caf%c3%a9"
			assert.Equal(t, 201, a.put(t, composed, `{"nfc":1}`).status, "names in two normal forms are two names")
			assert.Equal(t, r.body, a.get(t, r.target).body, "names in two normal forms are two names")
			list := a.get(t, "/json/").body
			assert.Contains(t, list, `"cafe`+"\u0301"+`.json"`)
			assert.Contains(t, list, `"caf`+"\u00e9"+`.json"`)
			a.remove(t, composed)
		},
	}
}

func helloStands(t *testing.T, a *arena, _ *sent) {
	t.Helper()
	assert.Equal(t, seeds()["/json/hello"], a.get(t, "/json/hello").body, "GET /json/hello")
}

func notStored(t *testing.T, a *arena, r *sent) {
	t.Helper()
	assert.Equal(t, 404, a.get(t, r.target).status, "GET %s", r.target)
}

func notStoredUnlessAccepted(t *testing.T, a *arena, r *sent) {
	t.Helper()
	if !r.accepted() {
		notStored(t, a, r)
	}
}

// alsos are checks of what a row expects in the words of its answer alone.
func alsos() map[string]check {
	sandboxed := func(t *testing.T, _ *arena, r *sent) {
		shown := r.header.Get("Content-Disposition") + r.header.Get("Content-Security-Policy")
		assert.Regexp(t, `attachment|sandbox`, shown, "Content-Disposition or Content-Security-Policy")
	}
	located := func(t *testing.T, _ *arena, r *sent) {
		assert.Regexp(t, `byte \d+|offset \d+|line \d+`, r.answer.body, "where the fault is")
	}
	hops := func(t *testing.T, _ *arena, r *sent) {
		assert.Contains(t, r.answer.body, "more than 16 levels deep", "how often it went round")
	}
	varies := func(t *testing.T, a *arena, r *sent) {
		assert.Contains(t, r.header.Values("Vary"), "Origin")
		for name := range r.header {
			assert.NotRegexp(t, "^Access-Control-", name)
		}
		const allowed = "https://allowed.example"
		assert.Equal(t, allowed, a.get(t, "/json/hello", "Origin: "+allowed).header.Get("Access-Control-Allow-Origin"))
	}
	return map[string]check{
		"METHOD-006": func(t *testing.T, _ *arena, r *sent) { assert.Contains(t, r.header.Get("Allow"), "GET") },
		"METHOD-010": func(t *testing.T, a *arena, r *sent) {
			assert.Equal(t, a.request(t, "GET", r.target, "", "").status, r.status, "GET by the same client")
		},
		"METHOD-013": func(t *testing.T, _ *arena, r *sent) { assert.NotContains(t, r.answer.body, "Authorization") },
		"AUTHZ-001":  func(t *testing.T, _ *arena, r *sent) { assert.NotEmpty(t, r.header.Get("WWW-Authenticate")) },
		"AUTHZ-020": func(t *testing.T, a *arena, r *sent) {
			etag := a.get(t, r.target).header.Get("Etag")
			right := a.request(t, r.method, r.target, "", "{}", "If-Match: "+etag, "Content-Type: application/json")
			assert.Equal(t, r.status, right.status, "the same with the right ETag")
		},
		"INTERNAL-001": func(t *testing.T, a *arena, r *sent) {
			unmounted := a.get(t, "/not-mounted/doc")
			assert.Equal(t, unmounted.status, r.status)
			assert.Equal(t, anonymous(unmounted.body), anonymous(r.answer.body), "as a path that is not mounted")
			assert.Empty(t, r.header.Get("X-Restspace-Service"))
		},
		"CORS-002": varies, "CORS-003": varies, "CORS-004": varies, "CORS-007": varies, "CORS-008": varies, "CORS-009": varies,
		"SSRF-002": refused, "SSRF-003": refused, "SSRF-004": refused, "SSRF-011": refused, "SSRF-012": refused,
		"SSRF-013": refused, "SSRF-014": refused, "SSRF-020": closedAlike, "SSRF-021": refused,
		"SSRF-022": relayed, "SSRF-023": relayed,
		"SSRF-028": func(t *testing.T, _ *arena, r *sent) {
			assert.Equal(t, "1", r.header.Get("X-Kept"))
			assert.NotContains(t, r.header.Get("Connection"), "X-Hop")
		},
		"PIPE-001": hops, "PIPE-002": hops,
		"PIPE-009": func(t *testing.T, a *arena, r *sent) {
			stored := a.request(t, r.method, r.target, a.tokens["editor"], r.body, "Content-Type: application/json", "X-Restspace-Request-Mode: manage")
			assert.Equal(t, http.StatusForbidden, stored.status, "who may run pipelines, but not store them")
		},
		"PIPE-011": func(t *testing.T, a *arena, _ *sent) {
			assert.Eventually(t, func() bool { return a.upstream.busy.Load() == 0 }, patience, 10*time.Millisecond, "the other branch goes on")
		},
		"JSON-017": located, "JSON-018": located, "JSON-021": located, "JSON-022": located,
		"FILES-001": sandboxed, "FILES-002": sandboxed,
		"FILES-005": func(t *testing.T, a *arena, r *sent) {
			for _, path := range []string{"/files/", "/files/?$list=recursive,items", "/files/?$list=recursive,details"} {
				reply := a.request(t, "GET", path, "", "")
				assert.NotContains(t, reply.body, "private", path)
				assert.NotContains(t, reply.body, "CANARY", path)
			}
			assert.Contains(t, a.get(t, "/files/").body, "private/", "who may read it sees it")
		},
		"FILES-004": func(t *testing.T, a *arena, r *sent) {
			if r.accepted() {
				assert.Equal(t, "image/png", a.get(t, r.target).header.Get("Content-Type"))
			}
		},
		"LEAK-004": func(t *testing.T, _ *arena, r *sent) { assert.NotRegexp(t, `\d`, r.header.Get("Server")) },
	}
}

// assertSameAs compares with the answer to a request that the row names.
func (a *arena) assertSameAs(t *testing.T, r *sent) {
	t.Helper()
	words := regexp.MustCompile(`^([A-Z]+) (\S+) as (\S+)$`).FindStringSubmatch(r.Expect.SameAs)
	if !assert.NotNil(t, words, "%q is not METHOD PATH as TOKEN", r.Expect.SameAs) {
		return
	}
	other := a.request(t, words[1], words[2], a.tokens[words[3]], "")
	assert.Equal(t, other.status, r.status, r.Expect.SameAs)
	assert.Equal(t, anonymous(other.body), anonymous(r.answer.body), r.Expect.SameAs)
}

// anonymous is a problem document without the id of its request.
func anonymous(body string) string {
	return regexp.MustCompile(`"instance": *"[^"]*"`).ReplaceAllString(body, "")
}
