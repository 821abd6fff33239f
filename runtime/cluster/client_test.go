package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is clients that write and read, and what came of it.
type load struct {
	*history
	balancer *balancer
	tokens   []string // of the users, by number
	place    string   // the directory of its documents
	end      chan struct{}
	clients  sync.WaitGroup

	// phase is odd while something is wrong with a server: then answers may be
	// 502, 503 and 504.
	phase atomic.Int64

	counting sync.Mutex
	requests int
	done     int            // writes that were acknowledged
	errors   map[string]int // by status
	counts   map[string]*tally
}

// tally is how often a counter was increased, for certain and perhaps.
type tally struct{ surely, perhaps int }

const (
	writers  = 8
	readers  = 4
	shared   = 6 // documents that all write to
	counters = 2
	thinks   = 2 * time.Millisecond
)

// email returns that of a user.
func email(number int) string { return fmt.Sprintf("user%d@example.com", number) }

func newLoad(b *balancer, tokens []string, place string) *load {
	return &load{
		history: newHistory(), balancer: b, tokens: tokens, place: place, end: make(chan struct{}),
		errors: make(map[string]int), counts: make(map[string]*tally),
	}
}

// start starts the clients.
func (l *load) start() {
	for i := range writers + readers {
		c := &client{load: l, number: i, name: fmt.Sprintf("c%d", i), http: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{}}}
		l.clients.Go(c.run)
	}
}

// stop ends the clients.
func (l *load) stop() {
	close(l.end)
	l.clients.Wait()
}

// client makes one request after the other.
type client struct {
	*load
	number int
	name   string
	http   *http.Client
	wrote  int
}

func (c *client) run() {
	defer c.http.CloseIdleConnections()
	for {
		select {
		case <-c.end:
			return
		case <-time.After(rand.N(2 * thinks)):
		}
		switch {
		case c.number >= writers:
			c.look()
		case rand.IntN(4) == 0:
			c.increase(fmt.Sprintf("docs/%s/count%d", c.place, rand.IntN(counters)))
		case rand.IntN(4) == 0:
			c.put(c.own(c.number), nil, "")
		default:
			c.change(c.any())
		}
	}
}

// any returns the path of a document that all write to.
func (l *load) any() string { return fmt.Sprintf("docs/%s/shared%d", l.place, rand.IntN(shared)) }

// own returns the path of the document of a user.
func (l *load) own(user int) string { return "mine/" + email(user) + "/" + l.place }

// document is the content of a document. Each names its place, so that one that
// comes from elsewhere is found out.
type document struct {
	Path string `json:"path"`
	By   string `json:"by"`
	N    int    `json:"n"`
}

// look reads a document: one of all, the own, or another's, which is to be
// refused.
func (c *client) look() {
	user := c.number % writers
	switch rand.IntN(6) {
	case 0:
		c.get(c.own(user), nil)
	case 1:
		c.pry(c.own((user + 1) % writers))
	case 2:
		c.get(c.any(), c.balancer.servers[rand.IntN(size)])
	default:
		c.get(c.any(), nil)
	}
}

// change writes to a document, half of the times only if it is as it was seen.
func (c *client) change(path string) {
	if rand.IntN(2) == 0 {
		c.put(path, nil, "")
		return
	}
	if known, tag, ok := c.get(path, nil); ok {
		c.put(path, &known, tag)
	}
}

// increase adds one to a counter, if nobody else has done so.
func (c *client) increase(path string) {
	if known, tag, ok := c.get(path, nil); ok {
		c.put(path, &known, tag)
	}
}

// put writes a value that nobody else writes. old is what it replaces, with its
// ETag; nil is whatever is there.
func (c *client) put(path string, old *string, tag string) {
	c.wrote++
	next := document{Path: path, By: fmt.Sprintf("%s-%d", c.name, c.wrote)}
	condition := ""
	if old != nil && *old == "" {
		condition = "If-None-Match: *"
	} else if old != nil {
		condition = "If-Match: " + tag
		var was document
		_ = json.Unmarshal([]byte(*old), &was) // it was compared when it was read
		next.N = was.N + 1
	}
	value, _ := json.Marshal(next) // which can't fail
	w := c.begin(path, string(value), old)
	status, _, _ := c.ask(http.MethodPut, path, string(value), condition, nil)
	switch {
	case status == http.StatusOK || status == http.StatusCreated:
		c.history.done(w)
		c.count(path, func(t *tally) { t.surely++ })
	case status == http.StatusPreconditionFailed && condition != "":
		c.refused(path, w)
	default:
		c.count(path, func(t *tally) { t.perhaps++ })
	}
}

// get reads a document, from one server or from any. ok says that there was an
// answer; the value "" is that there is no document.
func (c *client) get(path string, from *server) (value, tag string, ok bool) {
	begun := c.now()
	status, body, tag := c.ask(http.MethodGet, path, "", "", from)
	switch status {
	case http.StatusOK:
		var d document
		if err := json.Unmarshal([]byte(body), &d); err != nil || d.Path != path {
			c.note("%s: the answer is %.200q", path, body)
			return "", "", false
		}
	case http.StatusNotFound:
		body = ""
	default:
		return "", "", false
	}
	c.read(path, body, c.name, begun)
	return body, tag, true
}

// pry reads what is another's.
func (c *client) pry(path string) {
	if status, body, _ := c.ask(http.MethodGet, path, "", "", nil); status == http.StatusOK {
		c.note("%s: another user was answered %.200q", path, body)
	}
}

// ask makes a request, through the balancer where to is nil. The status is 0 if
// no answer came.
func (c *client) ask(method, path, body, condition string, to *server) (status int, said, tag string) {
	phase := c.phase.Load()
	base := c.balancer.URL
	if to != nil {
		base = "http://" + to.address
	}
	asked := path
	if rest, ok := strings.CutPrefix(path, "docs/"); ok && rand.IntN(4) == 0 {
		asked = "next/" + rest
	}
	r, err := http.NewRequest(method, base+"/"+asked, strings.NewReader(body))
	if err != nil {
		panic(err) // it is written here
	}
	if name, value, ok := strings.Cut(condition, ": "); ok {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+c.tokens[c.number%writers])
	reply, err := c.http.Do(r)
	if err == nil {
		var data []byte
		data, err = io.ReadAll(reply.Body)
		_ = reply.Body.Close()
		status, said, tag = reply.StatusCode, string(data), reply.Header.Get("ETag")
	}
	if err != nil {
		status, said = 0, err.Error()
	}
	c.judgeStatus(method+" "+asked, status, said, phase, to)
	return status, said, tag
}

// faultless are the statuses of answers that may come at any time.
var faultless = []int{http.StatusOK, http.StatusCreated, http.StatusPreconditionFailed}

// judgeStatus counts an answer, and notes one that should not have come.
func (c *client) judgeStatus(what string, status int, said string, phase int64, to *server) {
	c.counting.Lock()
	c.requests++
	name := fmt.Sprint(status)
	if status == 0 {
		name = "no answer"
	}
	well := slices.Contains(faultless, status) || status == http.StatusNotFound && strings.HasPrefix(what, "GET") ||
		status == http.StatusForbidden && strings.Contains(what, "mine/")
	if !well {
		c.errors[name]++
	}
	c.counting.Unlock()
	switch {
	case well:
	case phase%2 == 0 && phase == c.phase.Load():
		c.note("%s: %s while nothing is wrong: %.300s", what, name, said)
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
	case status == 0 && to != nil: // which is killed
	default:
		c.note("%s: %s: %.300s", what, name, said)
	}
}

func (l *load) count(path string, add func(*tally)) {
	l.counting.Lock()
	defer l.counting.Unlock()
	if l.counts[path] == nil {
		l.counts[path] = new(tally)
	}
	add(l.counts[path])
	l.done = 0
	for _, t := range l.counts {
		l.done += t.surely
	}
}
