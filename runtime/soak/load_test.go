package soak

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clients are how many there are, each with one connection: fewer than the server
// works on at one time, so that it refuses none.
const clients = 64

// documents are how many there are in each store.
const documents = 64

// load is what clients ask for.
type load struct {
	*server
	clients [clients]*http.Client
	count   atomic.Int64 // requests so far: what the next one is
	skipped atomic.Int64 // that should have begun while all clients were busy
	rest    sync.RWMutex // held for reading by each request

	mu      sync.Mutex
	took    []time.Duration // of a sample of requests, from when each should have begun
	known   map[string]int  // answers that are right, by what they are
	wrong   []string        // the first that are not
	wrongOf int             // how many are not
}

func newLoad(s *server) *load {
	l := &load{server: s, known: make(map[string]int)}
	for i := range l.clients {
		l.clients[i] = &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: 1, MaxConnsPerHost: 1}}
	}
	return l
}

// fill writes all documents once.
func (l *load) fill(t *testing.T) {
	t.Helper()
	for n := range documents {
		for _, mount := range []string{"docs", "kept"} {
			require.NoError(t, l.put(l.clients[0], mount, fmt.Sprint("k", n), 0))
		}
	}
}

// peak returns how many requests a second clients make that do not wait.
func (l *load) peak(length time.Duration) float64 {
	began, before := time.Now(), l.count.Load()
	var all sync.WaitGroup
	for _, c := range l.clients {
		all.Go(func() {
			for time.Since(began) < length {
				l.request(c, time.Now())
			}
		})
	}
	all.Wait()
	return float64(l.count.Load()-before) / time.Since(began).Seconds()
}

// steadily makes so many requests a second, whatever the answers take, until stop
// is called.
func (l *load) steadily(rate float64) (stop func()) {
	due, done := make(chan time.Time), make(chan struct{})
	var all sync.WaitGroup
	for _, c := range l.clients {
		all.Go(func() {
			for at := range due {
				l.request(c, at)
			}
		})
	}
	all.Go(func() {
		defer close(due)
		began := time.Now()
		for n := 0; ; n++ {
			at := began.Add(time.Duration(float64(n) / rate * float64(time.Second)))
			time.Sleep(time.Until(at))
			began = began.Add(l.rested())
			select {
			case <-done:
				return
			case due <- at:
			default:
				l.skipped.Add(1)
			}
		}
	})
	return func() { close(done); all.Wait() }
}

// settled is how long the server has to be done with what it has answered.
const settled = 50 * time.Millisecond

// resting calls look while no request is under way: what requests have would be in
// the way of what is there for good.
func (l *load) resting(look func()) {
	l.rest.Lock()
	defer l.rest.Unlock()
	time.Sleep(settled)
	look()
}

// rested waits while others look, and returns how long that took.
func (l *load) rested() time.Duration {
	began := time.Now()
	l.rest.RLock()
	defer l.rest.RUnlock()
	return time.Since(began)
}

// request makes the next one, which should have begun at a time.
func (l *load) request(c *http.Client, due time.Time) {
	l.rest.RLock()
	defer l.rest.RUnlock()
	n := l.count.Add(1)
	var err error
	name := fmt.Sprint("k", n/20%documents)
	switch n % 20 {
	case 0, 1, 2, 3, 4, 5, 6:
		err = l.get(c, "/docs/"+name, isDocument(name))
	case 7, 8:
		err = l.put(c, "docs", name, n)
	case 9, 10, 11:
		err = l.get(c, "/both/"+name, func(body string) bool {
			doc, rest, _ := strings.Cut(strings.TrimPrefix(body, `{"doc":`), `,"up":`)
			return isDocument(name)(doc) && rest == page(name)+"}"
		})
	case 12, 13, 14, 15:
		err = l.get(c, "/up/"+name, func(body string) bool { return body == page(name) })
	case 16:
		err = l.get(c, "/turn", func(body string) bool { return body == `{"turn":"a"}` || body == `{"turn":"b"}` })
	case 17:
		err = l.put(c, "kept", name, n)
	default:
		err = l.get(c, "/kept/"+name, isDocument(name))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.wrongOf++
		if len(l.wrong) < 20 {
			l.wrong = append(l.wrong, err.Error())
		}
	}
	if n%64 == 0 {
		l.took = append(l.took, time.Since(due))
	}
}

// page is what the upstream answers for a name.
func page(name string) string { return fmt.Sprintf(`{"path":"/%s","pad":%q}`, name, pad) }

// document returns one as the n-th request writes it.
func document(name string, n int64) string {
	return fmt.Sprintf(`{"name":%q,"n":%d,"pad":%q,"again":%[2]d}`, name, n, pad)
}

// isDocument tells whether a body is one that some request has written.
func isDocument(name string) func(body string) bool {
	return func(body string) bool {
		var n int64
		_, err := fmt.Sscanf(body, fmt.Sprintf(`{"name":%q,"n":%%d`, name), &n)
		return err == nil && body == document(name, n)
	}
}

// put writes a document.
func (l *load) put(c *http.Client, mount, name string, n int64) error {
	request, err := http.NewRequest(http.MethodPut, l.url+"/"+mount+"/"+name, strings.NewReader(document(name, n)))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	return l.send(c, request, func(string) bool { return true })
}

// get reads a path.
func (l *load) get(c *http.Client, path string, right func(string) bool) error {
	request, err := http.NewRequest(http.MethodGet, l.url+path, nil)
	if err != nil {
		return err
	}
	return l.send(c, request, right)
}

// send makes a request, and returns an error for a wrong answer.
func (l *load) send(c *http.Client, r *http.Request, right func(string) bool) error {
	reply, err := c.Do(r)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	plugged := strings.HasPrefix(r.URL.Path, "/kept/")
	switch reply.StatusCode {
	case http.StatusOK, http.StatusCreated:
		if !right(string(body)) {
			return fmt.Errorf("%s %s: %.200s", r.Method, r.URL.Path, body)
		}
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		if !plugged {
			return fmt.Errorf("%s %s: %s: %.200s", r.Method, r.URL.Path, reply.Status, body)
		}
	case http.StatusNotFound: // what the plugin had in its memory has ended with it
		if !plugged || r.Method != http.MethodGet {
			return fmt.Errorf("%s %s: %s: %.200s", r.Method, r.URL.Path, reply.Status, body)
		}
	default:
		return fmt.Errorf("%s %s: %s: %.200s", r.Method, r.URL.Path, reply.Status, body)
	}
	mount := strings.Split(r.URL.Path, "/")[1]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[fmt.Sprintf("%s /%s %d", r.Method, mount, reply.StatusCode)]++
	return nil
}

// assertRight fails the test if an answer was wrong, or if nearly all of the
// plugin's were errors.
func (l *load) assertRight(t *testing.T) {
	t.Helper()
	assert.Empty(t, l.wrong, "of %d wrong answers", l.wrongOf)
	good := l.known["GET /kept 200"] + l.known["PUT /kept 200"] + l.known["PUT /kept 201"]
	failed := 0
	for _, what := range []string{"GET /kept 502", "GET /kept 503", "PUT /kept 502", "PUT /kept 503"} {
		failed += l.known[what]
	}
	assert.Greater(t, good, failed, "answers of the plugin, and its errors")
}

// String tells what was asked for, and how long it took.
func (l *load) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "%d requests, and %d that no client was free for", l.count.Load(), l.skipped.Load())
	if len(l.took) > 0 {
		slices.Sort(l.took)
		at := func(part float64) time.Duration {
			return l.took[int(part*float64(len(l.took)-1))].Round(time.Microsecond)
		}
		fmt.Fprintf(&b, ": half of them took up to %v, 99 %% up to %v", at(0.5), at(0.99))
	}
	names := make([]string, 0, len(l.known))
	for name := range l.known {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "\n  %-16s %d", name, l.known[name])
	}
	return b.String()
}
