package proxy_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// upstreams answer calls as their test says, and note them.
type upstreams struct {
	mu     sync.Mutex
	hosts  []string
	bodies []string
	answer answer
}

type answer func(ctx context.Context, host string, call int) (*bus.Message, error)

func (u *upstreams) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	data, err := m.Body.Bytes(1 << 20)
	_ = m.Close()
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	u.hosts, u.bodies = append(u.hosts, m.URL.Host), append(u.bodies, string(data))
	call := len(u.hosts)
	u.mu.Unlock()
	return u.answer(ctx, m.URL.Host, call)
}

func (u *upstreams) calls() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.hosts)
}

func ok() (*bus.Message, error) { return bus.Reply(200, nil), nil }

func unreachable() error {
	return &bus.Error{Status: 502, Type: bus.TypeUnreachable, Detail: "the other server can't be reached", Err: errors.New("refused")}
}

func broken() error {
	return &bus.Error{Status: 502, Type: bus.TypeUpstream, Detail: "the other server gave no whole answer", Err: io.ErrUnexpectedEOF}
}

func fails(err error) answer {
	return func(context.Context, string, int) (*bus.Message, error) { return nil, err }
}

func says(status int, header ...string) answer {
	return func(context.Context, string, int) (*bus.Message, error) {
		reply := bus.Reply(status, bus.NewBody([]byte("theirs"), "text/plain"))
		for i := 0; i < len(header); i += 2 {
			reply.Header.Add(header[i], header[i+1])
		}
		return reply, nil
	}
}

// hangs is an upstream that never answers.
func hangs(ctx context.Context, _ string, _ int) (*bus.Message, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func stream(text string, size int64) *bus.Body {
	return bus.NewStream(io.NopCloser(strings.NewReader(text)), size, "text/plain")
}

func TestWhatIsTriedAgain(t *testing.T) {
	body := func() *bus.Body { return bus.NewBody([]byte("hello"), "text/plain") }
	small := func() *bus.Body { return stream("hello", 5) }
	unknown := func() *bus.Body { return stream("hello", -1) }
	for _, row := range []struct {
		title  string
		method string
		body   func() *bus.Body
		answer answer
		calls  int
		status int // of the answer when all tries lead to the same
	}{
		{"not reached", "GET", nil, fails(unreachable()), 3, 502},
		{"not reached", "POST", body, fails(unreachable()), 3, 502},
		{"not reached", "POST", small, fails(unreachable()), 3, 502},
		{"not reached, but the stream was read", "POST", unknown, fails(unreachable()), 1, 502},
		{"broken off", "GET", nil, fails(broken()), 3, 502},
		{"broken off", "PUT", small, fails(broken()), 3, 502},
		{"broken off", "DELETE", nil, fails(broken()), 3, 502},
		{"broken off, with a stream", "PUT", unknown, fails(broken()), 1, 502},
		{"broken off: it may have been done", "POST", body, fails(broken()), 1, 502},
		{"broken off: it may have been done", "PATCH", body, fails(broken()), 1, 502},
		{"bad gateway", "GET", nil, says(502), 3, 502},
		{"bad gateway", "POST", body, says(502), 1, 502},
		{"unavailable", "GET", nil, says(503), 3, 503},
		{"unavailable until later", "GET", nil, says(503, "Retry-After", "9"), 1, 503},
		{"gateway timeout", "GET", nil, says(504), 3, 504},
		{"an error of its own", "GET", nil, says(500), 1, 500},
		{"too many", "GET", nil, says(429), 1, 429},
		{"too deep", "GET", nil, fails(bus.Errorf(508, "too deep")), 1, 508},
		{"what nobody knows", "GET", nil, fails(errors.New("odd")), 1, 500},
	} {
		synctest.Test(t, func(t *testing.T) {
			up := &upstreams{answer: row.answer}
			var sent *bus.Body
			closed := row.body == nil
			if row.body != nil {
				sent = row.body()
				sent.OnClose(func() { closed = true })
			}
			code, text, _ := openOn(t, `{"url": "http://a"}`, up).do(row.method, "/m/x", sent)
			assert.Len(t, up.calls(), row.calls, "%s %s", row.method, row.title)
			assert.Equal(t, row.status, code, "%s %s", row.method, row.title)
			assert.True(t, closed, row.title)
			if _, err := row.answer(nil, "", 0); err == nil {
				assert.Equal(t, "theirs", text, row.title)
			}
			if row.body != nil {
				assert.Equal(t, slices.Repeat([]string{"hello"}, row.calls), up.bodies, row.title)
			}
		})
	}
}

func TestRetriesThatHelp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		closed := 0
		up := &upstreams{answer: func(_ context.Context, _ string, call int) (*bus.Message, error) {
			if call == 1 {
				reply := bus.Reply(503, stream("busy", -1))
				reply.Body.OnClose(func() { closed++ })
				return reply, nil
			}
			return says(200)(nil, "", 0)
		}}
		code, text, _ := openOn(t, `{"url": "http://a"}`, up).do("GET", "/m/x", nil)
		assert.Equal(t, 200, code)
		assert.Equal(t, "theirs", text)
		assert.Equal(t, 1, closed, "the first reply")
	})
	for retries, config := range map[int]string{0: `{"url": "http://a", "retries": 0}`, 1: `{"url": "http://a", "retries": 1}`, 4: `{"url": "http://a", "retries": 4, "breaker": {"failures": 99}}`} {
		synctest.Test(t, func(t *testing.T) {
			up := &upstreams{answer: fails(unreachable())}
			openOn(t, config, up).do("GET", "/m/x", nil)
			assert.Len(t, up.calls(), 1+retries)
		})
	}
}

func TestTheNextTryGoesElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &upstreams{answer: func(_ context.Context, host string, _ int) (*bus.Message, error) {
			if host == "c" {
				return ok()
			}
			return nil, unreachable()
		}}
		p := openOn(t, `{"upstreams": ["http://a", "http://b", "http://c"]}`, up)
		for range 9 {
			code, _, _ := p.do("GET", "/m/x", nil)
			require.Equal(t, 200, code)
		}
		count := map[string]int{}
		for _, host := range up.calls() {
			count[host]++
		}
		assert.Equal(t, map[string]int{"a": 5, "b": 5, "c": 9}, count, "what fails is left alone")
	})
}

func TestElsewhereIsBetterThanLessLoaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &upstreams{answer: func(_ context.Context, host string, _ int) (*bus.Message, error) {
			if host == "a" {
				return nil, unreachable()
			}
			return bus.Reply(200, stream("endless", -1)), nil
		}}
		p := openOn(t, `{"upstreams": ["http://a", "http://b"], "retries": 1, "breaker": {"failures": 99}}`, up)
		for range 9 { // each leaves one more in flight at b
			reply, err := p.Serve(root(t), request(t, "GET", "/m/x", nil))
			require.NoError(t, err)
			defer reply.Close()
		}
	})
}

func TestNobodyIsLeftForAnotherTry(t *testing.T) {
	up := &upstreams{answer: says(502)}
	code, text, _ := openOn(t, `{"url": "http://a", "breaker": {"failures": 1}}`, up).do("GET", "/m/x", nil)
	assert.Equal(t, 502, code)
	assert.Equal(t, "theirs", text, "what the upstream said stays the answer")
	assert.Len(t, up.calls(), 1)
}

func TestRetriesAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well := false
		up := &upstreams{answer: func(context.Context, string, int) (*bus.Message, error) {
			if well {
				return ok()
			}
			return nil, unreachable()
		}}
		p := openOn(t, `{"url": "http://a", "breaker": {"failures": 100000}}`, up)
		more := func(requests int) int {
			before := len(up.calls())
			for range requests {
				p.do("GET", "/m/x", nil)
			}
			return len(up.calls()) - before - requests
		}
		assert.Equal(t, 100, more(50), "all of a few")
		assert.InDelta(t, 200, more(1000), 20, "a fifth of many")
		well = true
		assert.Zero(t, more(1000))
		well = false
		assert.InDelta(t, 140, more(200), 10, "no more than at first was laid up")
	})
}

func TestTheTimeOfATry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &upstreams{answer: hangs}
		begin := time.Now()
		code, text, _ := openOn(t, `{"url": "http://a", "timeout": 2000000000}`, up).do("GET", "/m/x", nil)
		assert.Equal(t, 504, code)
		assert.Contains(t, text, bus.TypeTimeout)
		assert.Contains(t, text, `the server behind \"orders\" does not answer in time`)
		assert.Len(t, up.calls(), 3)
		assert.InDelta(t, 6, time.Since(begin).Seconds(), 0.5)
	})
	synctest.Test(t, func(t *testing.T) {
		up := &upstreams{answer: hangs}
		begin := time.Now()
		p := openOn(t, `{"url": "http://a", "timeout": 20000000000}`, up)
		code, _, _ := p.do("GET", "/m/x", nil)
		assert.Equal(t, 504, code)
		assert.Equal(t, 30*time.Second, time.Since(begin), "that of the request bounds them all")
		assert.Len(t, up.calls(), 2)
		p.do("GET", "/m/x", nil)
		p.do("GET", "/m/x", nil)
		code, _, _ = p.do("GET", "/m/x", nil)
		assert.Equal(t, 503, code, "and counts against the upstream")
	})
}

// slowBody is the body of a client that takes its time.
type slowBody struct{ pieces int }

func (b *slowBody) Read(p []byte) (int, error) {
	if b.pieces == 0 {
		return 0, io.EOF
	}
	b.pieces--
	time.Sleep(3 * time.Second)
	return copy(p, "x"), nil
}

func TestTimeBeginsWhenTheBodyIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &upstreams{answer: func(ctx context.Context, _ string, _ int) (*bus.Message, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(4 * time.Second):
				return ok()
			}
		}}
		body := bus.NewStream(io.NopCloser(&slowBody{pieces: 6}), -1, "")
		code, _, _ := openOn(t, `{"url": "http://a", "timeout": 5000000000}`, up).do("POST", "/m/x", body)
		assert.Equal(t, 200, code)
	})
}

func TestTheAnswerMayTakeItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		up := &upstreams{answer: func(ctx context.Context, _ string, _ int) (*bus.Message, error) {
			context.AfterFunc(ctx, func() { ended = true })
			return bus.Reply(200, bus.NewStream(io.NopCloser(&slowBody{pieces: 9}), -1, "")), nil
		}}
		p := openOn(t, `{"url": "http://a", "timeout": 1000000000}`, up)
		reply, err := p.Serve(root(t), request(t, "GET", "/m/x", nil))
		require.NoError(t, err)
		data, err := io.ReadAll(reply.Body.Reader())
		require.NoError(t, err)
		assert.Len(t, data, 9)
		assert.False(t, ended, "the call is cut off before its answer was read")
		require.NoError(t, reply.Close())
		synctest.Wait()
		assert.True(t, ended, "the call ends with its answer")
	})
}

func TestTheClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &upstreams{answer: hangs}
		p := openOn(t, `{"url": "http://a"}`, up)
		for range 9 { // more often than opens the breaker
			ctx, cancel := context.WithCancel(root(t))
			time.AfterFunc(time.Second, cancel)
			_, err := p.Serve(ctx, request(t, "GET", "/m/x", nil))
			require.ErrorIs(t, err, context.Canceled)
		}
		assert.Len(t, up.calls(), 9, "nothing is tried again for nobody")
	})
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well := false
		up := &upstreams{answer: func(context.Context, string, int) (*bus.Message, error) {
			if well {
				return ok()
			}
			return nil, broken()
		}}
		p := openOn(t, `{"url": "http://a", "breaker": {"failures": 3, "delay": 10000000000}}`, up)
		ask := func() int {
			code, text, header := p.do("POST", "/m/x", nil)
			if code == 503 {
				assert.Contains(t, text, bus.TypeUnavailable)
				assert.Contains(t, text, `\"orders\"`)
				assert.NotEmpty(t, header.Get("Retry-After"))
			}
			return code
		}
		for range 3 {
			assert.Equal(t, 502, ask())
		}
		for range 9 {
			assert.Equal(t, 503, ask())
		}
		assert.Len(t, up.calls(), 3, "while it is open")
		time.Sleep(11 * time.Second)
		assert.Equal(t, 502, ask(), "one asks whether it is well")
		assert.Equal(t, 503, ask(), "it is not")
		assert.Len(t, up.calls(), 4)
		well = true
		time.Sleep(11 * time.Second)
		assert.Equal(t, 200, ask(), "one good answer closes it")
		well = false
		assert.Equal(t, 502, ask())
		assert.Equal(t, 502, ask())
		well = true
		assert.Equal(t, 200, ask())
		well = false
		assert.Equal(t, 502, ask(), "only failures in a row count")
	})
}

func TestTheOneWhoAsksLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &upstreams{answer: func(ctx context.Context, _ string, call int) (*bus.Message, error) {
			if call == 1 {
				return nil, broken()
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		p := openOn(t, `{"url": "http://a", "breaker": {"failures": 1}, "retries": 0}`, up)
		p.do("GET", "/m/x", nil)
		for range 3 {
			time.Sleep(6 * time.Second)
			ctx, cancel := context.WithCancel(root(t))
			time.AfterFunc(time.Second, cancel)
			_, err := p.Serve(ctx, request(t, "GET", "/m/x", nil))
			require.ErrorIs(t, err, context.Canceled, "there is a place to ask again")
		}
		code, _, _ := p.do("GET", "/m/x", nil)
		assert.Equal(t, http.StatusServiceUnavailable, code)
	})
}

// A panic is no answer either, and does not keep the place of the one who asks.
func TestTheOneWhoAsksPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &upstreams{answer: func(_ context.Context, _ string, call int) (*bus.Message, error) {
			switch call {
			case 1:
				return nil, broken()
			case 2:
				panic("odd")
			}
			return ok()
		}}
		p := openOn(t, `{"url": "http://a", "breaker": {"failures": 1}, "retries": 0}`, up)
		p.do("GET", "/m/x", nil)
		time.Sleep(6 * time.Second)
		assert.Panics(t, func() { p.do("GET", "/m/x", nil) })
		time.Sleep(6 * time.Second)
		code, _, _ := p.do("GET", "/m/x", nil)
		assert.Equal(t, 200, code)
	})
}

func TestAStatusOpensTheBreaker(t *testing.T) {
	for code, opens := range map[int]bool{500: false, 404: false, 502: true, 503: true, 504: true} {
		synctest.Test(t, func(t *testing.T) {
			up := &upstreams{answer: says(code)}
			p := openOn(t, `{"url": "http://a", "retries": 0}`, up)
			for range 6 {
				p.do("GET", "/m/x", nil)
			}
			want := 6
			if opens {
				want = 5
			}
			assert.Len(t, up.calls(), want, code)
		})
	}
}

func TestTheLeastLoadedAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := &upstreams{answer: func(_ context.Context, host string, _ int) (*bus.Message, error) {
			time.Sleep(map[string]time.Duration{"a": time.Second, "b": time.Second, "slow": 9 * time.Second}[host])
			return ok()
		}}
		p := openOn(t, `{"upstreams": ["http://a", "http://b", "http://slow"], "timeout": 60000000000}`, up)
		var all sync.WaitGroup
		for range 9 {
			all.Go(func() {
				for range 20 {
					p.do("GET", "/m/x", nil)
				}
			})
		}
		all.Wait()
		count := map[string]int{}
		for _, host := range up.calls() {
			count[host]++
		}
		assert.InDelta(t, count["a"], count["b"], 20)
		assert.Less(t, 3*count["slow"], count["a"], "the slow one has its hands full: %v", count)
	})
}

func TestTurns(t *testing.T) {
	up := &upstreams{answer: says(200)}
	p := openOn(t, `{"upstreams": ["http://a", "http://b", "http://c"]}`, up)
	for range 30 {
		p.do("GET", "/m/x", nil)
	}
	count := map[string]int{}
	for _, host := range up.calls() {
		count[host]++
	}
	assert.Equal(t, map[string]int{"a": 10, "b": 10, "c": 10}, count)
}

// A reply that is read counts as load until it is closed.
func TestOpenRepliesAreLoad(t *testing.T) {
	up := &upstreams{answer: func(context.Context, string, int) (*bus.Message, error) {
		return bus.Reply(200, stream("endless", -1)), nil
	}}
	p := openOn(t, `{"upstreams": ["http://a", "http://b"]}`, up)
	reply, err := p.Serve(root(t), request(t, "GET", "/m/x", nil))
	require.NoError(t, err)
	busy := up.calls()[0]
	for range 4 {
		p.do("GET", "/m/x", nil)
	}
	assert.NotContains(t, up.calls()[1:], busy)
	require.NoError(t, reply.Close())
	for range 4 {
		p.do("GET", "/m/x", nil)
	}
	assert.Contains(t, up.calls()[5:], busy)
}
