package crash

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
)

// maxClients is how many write at one time, at most.
const maxClients = 64

// A client writes to documents of its own, to some that all write to, and to
// counters, one request after the other, until the server has gone.
type client struct {
	*server
	journal *journal
	random  *rand.Rand
	paths   []string
	seen    map[string]*version // what it knows of a path
	gone    bool
}

// A version is what is at a path; with no content, nothing is.
type version struct {
	content content
	tag     string
}

func newClient(s *server, j *journal, number int, random *rand.Rand) *client {
	c := &client{server: s, journal: j, random: random, seen: make(map[string]*version)}
	for _, mount := range roots {
		for _, own := range []string{"a", "b", "c/a", "c/d/a", "e/f/g/a", "e/f/g/b"} {
			c.paths = append(c.paths, fmt.Sprintf("/%s/c%d/%s", mount, number, own))
		}
		for _, shared := range []string{"a", "b", "c/a", "c/b", "d/e/a", "f/g/h/a"} {
			c.paths = append(c.paths, "/"+mount+"/shared/"+shared)
		}
	}
	for _, counter := range []string{"a", "b", "c", "c"} { // c is in demand
		c.paths = append(c.paths, "/json/count/"+counter)
	}
	return c
}

// run sends requests until no answer comes.
func (c *client) run() {
	for !c.gone {
		path := c.paths[c.random.IntN(len(c.paths))]
		switch {
		case c.seen[path] == nil && c.random.IntN(2) == 0:
			c.read(path)
		case isCounter(path):
			c.increase(path)
		default:
			c.change(path)
		}
	}
}

// change puts, patches or deletes a document.
func (c *client) change(path string) {
	w := &write{path: path}
	method, media, body := http.MethodDelete, "", []byte(nil)
	if kind := c.random.IntN(8); kind > 1 {
		method, media = http.MethodPut, "application/json"
		w.puts, body = compose(c.journal.number(), c.size(), c.random)
		if kind < 4 && strings.HasPrefix(path, "/json/") { // all members are others
			method, media = http.MethodPatch, "application/merge-patch+json"
		}
	}
	var condition string
	if known := c.seen[path]; known != nil && c.random.IntN(2) == 0 {
		if w.replaces = known.content; w.replaces != "" {
			condition = "If-Match: " + known.tag
		} else if method == http.MethodPut {
			condition = "If-None-Match: *"
		}
	}
	c.write(w, method, body, media, condition)
}

// size returns one that is often small.
func (c *client) size() int {
	return int(minSize * math.Pow(maxSize/minSize, c.random.Float64()))
}

// increase adds one to a counter, if nobody else has done so.
func (c *client) increase(path string) {
	known := c.seen[path]
	if known == nil {
		c.read(path)
		return
	}
	w := &write{path: path, replaces: known.content}
	if known.content == "" {
		var body []byte
		w.puts, body = count(0)
		c.write(w, http.MethodPut, body, "application/json", "If-None-Match: *")
		return
	}
	n := known.content.number()
	var body []byte
	w.puts, body = count(n + 1)
	switch c.random.IntN(3) {
	case 0:
		c.write(w, http.MethodPut, body, "application/json", "If-Match: "+known.tag)
	case 1:
		c.write(w, http.MethodPatch, body, "application/merge-patch+json", "If-Match: "+known.tag)
	default:
		body = fmt.Appendf(nil, `[{"op":"test","path":"/n","value":%d},{"op":"replace","path":"/n","value":%d}]`, n, n+1)
		c.write(w, http.MethodPatch, body, "application/json-patch+json", "")
	}
}

// write sends a write and notes what comes of it.
func (c *client) write(w *write, method string, body []byte, media, condition string) {
	delete(c.seen, w.path)
	c.journal.begin(w)
	reply, said := c.do(method, w.path, body, "Content-Type: "+media, condition)
	if reply == nil {
		return
	}
	switch status := reply.StatusCode; {
	case status == http.StatusOK, status == http.StatusCreated, status == http.StatusNoContent:
		now := &version{w.puts, reply.Header.Get("ETag")}
		c.journal.end(w, acknowledged, status == http.StatusCreated, now.tag)
		c.seen[w.path] = now
	case status == http.StatusPreconditionFailed && condition != "",
		status == http.StatusNotFound && method != http.MethodPut,
		status == http.StatusConflict && method == http.MethodPatch:
		c.journal.end(w, refused, false, "")
	default:
		c.failed("%s %s: %d: %.300s", method, w.path, status, said)
	}
}

// read looks at a document.
func (c *client) read(path string) {
	reply, body := c.do(http.MethodGet, path, nil)
	if reply == nil {
		return
	}
	v := &version{}
	switch reply.StatusCode {
	case http.StatusNotFound:
	case http.StatusOK:
		var err error
		if v.content, err = identify(path, body); err != nil {
			c.journal.fault("%s: %v", path, err)
			return
		}
		v.tag = reply.Header.Get("ETag")
		c.journal.saw(path, v.content, v.tag)
	default:
		c.failed("GET %s: %d: %.300s", path, reply.StatusCode, body)
		return
	}
	c.seen[path] = v
}

// do makes a request with fields of the form "Name: value" and reads the
// answer. There is none if the server went.
func (c *client) do(method, path string, body []byte, fields ...string) (*http.Response, []byte) {
	reply, said, err := c.request(method, path, body, fields...)
	if err != nil {
		c.failed("%s %s: %v", method, path, err)
		return nil, nil
	}
	return reply, said
}

// failed notes a failure, unless it is that of the server's end.
func (c *client) failed(format string, args ...any) {
	c.gone = true
	if !c.ending.Load() {
		c.journal.fault(format, args...)
	}
}

// request makes a request and reads the answer.
func (s *server) request(method, path string, body []byte, fields ...string) (*http.Response, []byte, error) {
	request, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for _, field := range fields {
		if name, value, _ := strings.Cut(field, ": "); value != "" {
			request.Header.Set(name, value)
		}
	}
	reply, err := s.Do(request)
	if err != nil {
		return nil, nil, err
	}
	said, err := io.ReadAll(reply.Body)
	_ = reply.Body.Close() // all of it was read, or err says why not
	return reply, said, err
}
