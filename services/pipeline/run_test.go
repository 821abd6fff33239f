package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// ask runs a pipeline over a JSON body, "" for none, and returns the status and
// the body of its reply.
func ask(t *testing.T, steps, body string) (int, string) {
	t.Helper()
	s, err := newWorld(t, load(t).Mocks).service(t, `{"pipeline": `+steps+`, "get": true}`)
	require.NoError(t, err)
	return send(t, t.Context(), s, body)
}

func send(t *testing.T, ctx context.Context, s bus.Service, body string) (int, string) {
	t.Helper()
	m := &bus.Message{Method: "POST", URL: urlpattern.URL{Path: []string{"p"}}}
	if body != "" {
		m.Body = bus.NewBody([]byte(body), "application/json")
	}
	reply, err := s.Serve(ctx, m)
	if err != nil {
		reply = bus.Problem(err, "", "")
	}
	defer reply.Close()
	data, err := reply.Body.Bytes(64 << 20)
	require.NoError(t, err)
	return reply.Status, string(data)
}

func TestRuns(t *testing.T) {
	for name, row := range map[string]struct {
		steps, body string
		status      int
		want        string
	}{
		"nothing":                        {`["if (false) /x"]`, `{"a":1}`, 200, `{"a":1}`},
		"no body":                        {`["if (false) /x"]`, ``, 200, ``},
		"a part of the body":             {`["POST a.b /lib/bypass"]`, `{"a":{"b":[1, 2]}}`, 200, `[1, 2]`},
		"a part that is not there":       {`["POST a.c /lib/bypass"]`, `{"a":{}}`, 400, `step /0: the body has no a.c`},
		"GET sends nothing":              {`["GET /lib/bypass"]`, `{"a":1}`, 200, ``},
		"GET sends what is named":        {`["GET $this /lib/bypass"]`, `{"a":1}`, 200, `{"a":1}`},
		"an index of a split":            {`["jsonSplit", "jsonArray"]`, `[1,{"a":[]},"x"]`, 200, `[1,{"a":[]},"x"]`},
		"keys of a split":                {`["jsonSplit", "/lib/bypass", "jsonObject"]`, `{"b":1,"a":2}`, 200, `{"b":1,"a":2}`},
		"an empty split":                 {`["jsonSplit", "/lib/bypass", "jsonObject"]`, `[]`, 200, `{}`},
		"an empty split to a list":       {`["jsonSplit", "jsonArray", "jsonSplit", "jsonArray"]`, `{}`, 200, `[]`},
		"splits in a split":              {`["jsonSplit", "jsonSplit", "jsonObject"]`, `{"a":[1,2],"b":[3]}`, 200, `{"a.0":1,"a.1":2,"b.0":3}`},
		"a joined split in a split":      {`["jsonSplit", ["serial", "jsonSplit", "jsonObject"], "jsonObject"]`, `{"a":[1,2],"b":[3]}`, 200, `{"a":{"0":1,"1":2},"b":{"0":3}}`},
		"the order of the split":         {`["jsonSplit", "GET /test/${}", "jsonArray"]`, `["aaa-100ms","xyz","ccc-50ms"]`, 200, `["aaa result","xyz result","ccc result"]`},
		"no split of a number":           {`["jsonSplit", "jsonArray"]`, `5`, 422, `jsonSplit needs a list`},
		"one part fails":                 {`["jsonSplit", "GET /test/${} :$<0", "jsonObject"]`, `["xyz","nope","abc"]`, 404, `Not found`},
		"two parts of a name":            {`[["GET /test/xyz :a", "GET /test/abc :a"], "jsonObject"]`, ``, 500, `two parts of an object are named`},
		"merged, but no object":          {`[["GET /test/xyz :$this", "GET /test/abc :a"], "jsonObject"]`, ``, 422, `must be an object itself`},
		"a redirect ends it":             {`["/lib/redirect/there", "/lib/bypass"]`, `1`, 302, ``},
		"an error is no body":            {`["GET /test/object"]`, ``, 200, `{"val1": "aaa", "val2": "bbb"}`},
		"try keeps the body":             {`["try PUT /test/missingFile", "/lib/bypass"]`, `{"a":1}`, 200, `{"a":1}`},
		"try in a list of its own":       {`[["serial", "try GET /test/missingFile", "GET /test/abc"], "GET /test/xyz"]`, ``, 200, `xyz result`},
		"try in a branch":                {`[["GET /test/xyz :a", ["try GET /test/missingFile :b", "GET /test/abc :b"]], "jsonObject"]`, ``, 200, `{"a":"xyz result","b":"abc result"}`},
		"a list that tried for nothing":  {`[["serial", "try GET /test/missingFile"], "GET /test/xyz"]`, ``, 404, `Not found`},
		"the first of some":              {`["conditional", "try GET /test/missingFile", "try GET /test/nope", "GET /test/abc", "GET /test/xyz"]`, ``, 200, `abc result`},
		"a pattern without its value":    {`["GET /test/${a.b}"]`, `{"a":{}}`, 400, `step /0: ${a.b}: there is no such value`},
		"a name without its value":       {`["GET /test/object :${id}"]`, ``, 400, `step /0: the name :${id}: there is no such value`},
		"a name of several values":       {`["GET /test/list :a${[]}", ":b"]`, ``, 400, `step /0: the name :a${[]} is made of a list of 2 values: choose one of them, such as the first with [0]`},
		"a body that is no JSON":         {`["GET /test/${a}"]`, `{"a"`, 400, `unexpected EOF`},
		"a variable keeps the message":   {`["PUT /lib/set-status/201 :$v", "/lib/bypass"]`, `{"a":1}`, 200, `{"a":1}`},
		"an error in a variable":         {`["GET /test/missingFile :$v", "GET /test/x/${$v.status}"]`, ``, 404, `Not found`},
		"a variable of a list":           {`["GET /test/list :$v", "GET /test/${$v[]}", "jsonArray"]`, ``, 200, `["abc result","xyz result"]`},
		"a variable before a split":      {`["GET /test/list :$v", "jsonSplit", "jsonObject", "GET /test/${$v[0]}"]`, `[1,2]`, 200, `abc result`},
		"a variable of a branch":         {`[["serial", "GET /test/list :$v", ":a"], "GET /test/${$v[0]}"]`, ``, 200, `abc result`},
		"names that append":              {`[["/lib/bypass :a", ["serial", "/lib/bypass :b", "/lib/bypass :.c"]], "jsonObject"]`, `1`, 200, `{"a":1,"b.c":1}`},
		"a name of the body":             {`[["GET /test/object :${val1}", ":x"], "jsonObject"]`, `1`, 200, `{"aaa":{"val1": "aaa", "val2": "bbb"},"x":1}`},
		"dropped":                        {`["jsonSplit", "serial next stop", "/lib/bypass", "serial", "jsonArray"]`, `[1]`, 200, `[]`},
		"dropped to the last":            {`["serial next stop", "/lib/bypass"]`, `1`, 204, ``},
		"a list of its own of one":       {`[["/lib/bypass"]]`, `1`, 200, `1`},
		"a list of URLs of which is one": {`["GET /test/${list}"]`, `{"list": ["abc"]}`, 200, `abc result`},
		"more than was seen":             {`["GET /test/${list}"]`, `{"list": ["abc", "xyz"]}`, 500, `nothing joins them`},
		"set-status":                     {`["/lib/set-status/201"]`, `1`, 201, `1`},
		"a name of a service":            {`[["/lib/set-name/a", "/lib/set-name/b/c"], "jsonObject"]`, `1`, 200, `{"a":1,"b/c":1}`},
		"to another server, unlisted":    {`["GET ${}"]`, `"http://example.com/"`, 403, `not among the hosts`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, text := ask(t, row.steps, row.body)
			assert.Equal(t, row.status, status, text)
			if row.status >= 400 {
				assert.Contains(t, text, row.want)
				return
			}
			assert.Equal(t, row.want, text)
		})
	}
}

// serving returns the service of a pipeline whose calls s answers.
func serving(t testing.TB, steps string, s bus.ServiceFunc) bus.Service {
	t.Helper()
	table, err := bus.NewTable(&bus.Mount{Name: "all", Service: s})
	require.NoError(t, err)
	made, err := (&world{table}).service(t, `{"pipeline": `+steps+`, "get": true}`)
	require.NoError(t, err)
	return made
}

func TestWhatACallIs(t *testing.T) {
	var seen []string
	s := serving(t, `["$METHOD /a/$>0?q=$?(x)", "GET /b"]`, func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		seen = append(seen, fmt.Sprintf("%s %s %s %d %v %v", m.Method, m.URL, m.User.Email, m.Depth, m.Header, m.Body != nil))
		reply := bus.Reply(200, bus.NewBody([]byte("x"), "text/plain"))
		reply.Header.Add("Content-Language", "en")
		reply.Header.Add("Set-Cookie", "a=b")
		return reply, errors.Join(m.Close())
	})
	m := &bus.Message{Method: "PUT", URL: urlpattern.URL{Path: []string{"p", "z z"}, Base: 1, Query: "x=1"}, Depth: 3,
		User: &bus.User{Email: "ann@example.com"}, Body: bus.NewBody([]byte("1"), "application/json"),
		Header: bus.Header{{Name: "Authorization", Value: "secret"}, {Name: "Cookie", Value: "c"}, {Name: "Content-Language", Value: "de"}}}
	reply, err := s.Serve(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"PUT /a/z%20z?q=1 ann@example.com 4 [{Content-Language de}] true",
		"GET /b ann@example.com 4 [] false",
	}, seen)
	assert.Equal(t, bus.Header{{Name: "Content-Language", Value: "en"}}, reply.Header)
}

func TestAtMostSoManyAtOnce(t *testing.T) {
	for steps, most := range map[string]int64{
		`["jsonSplit", "/x", "jsonArray"]`:                                   16,
		`["concurrency 3", "jsonSplit", "/x", "jsonArray"]`:                  3,
		`["concurrency 3", "jsonSplit", ["/x :a", "/y :b", "/z :c"], "zip"]`: 3,
		`["concurrency 64", "jsonSplit", "/x", "jsonArray"]`:                 64,
	} {
		var now, peak atomic.Int64
		s := serving(t, steps, func(_ context.Context, m *bus.Message) (*bus.Message, error) {
			defer now.Add(-1)
			for n := now.Add(1); ; {
				if before := peak.Load(); n <= before || peak.CompareAndSwap(before, n) {
					break
				}
			}
			time.Sleep(2 * time.Millisecond)
			return bus.Reply(200, nil), m.Close()
		})
		status, text := send(t, t.Context(), s, "["+strings.Repeat("1,", 99)+"1]")
		assert.Equal(t, 200, status, text)
		assert.LessOrEqual(t, peak.Load(), most, steps)
		assert.Greater(t, peak.Load(), most/2, steps)
	}
}

func TestTooMany(t *testing.T) {
	var calls atomic.Int64
	count := func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		calls.Add(1)
		return bus.Reply(200, nil), m.Close()
	}
	list := func(n int) string { return "[" + strings.Repeat("1,", n-1) + "1]" }
	for steps, rows := range map[string]map[string]int{
		`["jsonSplit", "/x", "jsonArray"]`:                          {list(1000): 200, list(1001): 400, list(1_000_000): 400},
		`["/x/${[]}", "jsonArray"]`:                                 {list(1000): 200, list(1001): 400},
		`["jsonSplit", ["serial", "jsonSplit", "/x"], "jsonArray"]`: {"[" + strings.Repeat(list(100)+",", 89) + list(100) + "]": 200, "[" + strings.Repeat(list(100)+",", 109) + list(100) + "]": 400},
	} {
		for body, want := range rows {
			calls.Store(0)
			status, text := send(t, t.Context(), serving(t, steps, count), body)
			assert.Equal(t, want, status, "%s: %d bytes: %s", steps, len(body), text)
			if want != 200 && !strings.Contains(steps, "serial") {
				assert.Zero(t, calls.Load(), steps)
			}
		}
	}
}

// waits has every call wait for the end of its context, and counts them.
func waits(started, ended *atomic.Int64) bus.ServiceFunc {
	return func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		started.Add(1)
		defer ended.Add(1)
		<-ctx.Done()
		return nil, errors.Join(ctx.Err(), m.Close())
	}
}

func TestEndsAllThatItStarted(t *testing.T) {
	for _, steps := range []string{
		`["jsonSplit", "/x", "jsonArray"]`,
		`[["/x :a", "/y :b"], "jsonObject"]`,
		`[["tee", "/x"], "/y"]`,
		`["/x/${[]}", "zip"]`,
	} {
		var started, ended atomic.Int64
		s := serving(t, steps, waits(&started, &ended))
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, leave)
		status, _ := send(t, ctx, s, `[1,2,3]`)
		assert.Equal(t, bus.StatusClientClosed, status, steps)
		assert.NotZero(t, started.Load(), steps)
		assert.Equal(t, started.Load(), ended.Load(), steps)
	}
}

func TestAPartThatFailsEndsTheOthers(t *testing.T) {
	var started, ended atomic.Int64
	slow := waits(&started, &ended)
	s := serving(t, `["jsonSplit", "/x/${}", "jsonArray"]`, func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		if m.URL.Path[1] == "0" {
			for started.Load() < 3 {
				time.Sleep(time.Millisecond)
			}
			return nil, bus.Errorf(409, "it is broken")
		}
		return slow(ctx, m)
	})
	status, text := send(t, t.Context(), s, `[0,1,2,3]`)
	assert.Equal(t, 409, status)
	assert.Contains(t, text, "part 0: it is broken")
	assert.Equal(t, int64(3), ended.Load())
}

func TestPanicsInBranches(t *testing.T) {
	s := serving(t, `["jsonSplit", "/x", "jsonArray"]`, func(context.Context, *bus.Message) (*bus.Message, error) { panic("no") })
	status, _ := send(t, t.Context(), s, `[1,2]`)
	assert.Equal(t, 500, status)
}

func TestTees(t *testing.T) {
	done := make(chan string, 2)
	for steps, want := range map[string]string{
		`[["tee", "/slow"], "/fast"]`:     "fast slow",
		`[["teeWait", "/slow"], "/fast"]`: "slow fast",
	} {
		s := serving(t, steps, func(_ context.Context, m *bus.Message) (*bus.Message, error) {
			if m.URL.Path[0] == "slow" {
				time.Sleep(30 * time.Millisecond)
			}
			data, err := m.Body.Bytes(100)
			require.NoError(t, err)
			assert.Equal(t, "[1]", string(data))
			done <- m.URL.Path[0]
			return bus.Reply(200, bus.NewBody([]byte("2"), "application/json")), nil
		})
		status, text := send(t, t.Context(), s, "[1]")
		assert.Equal(t, 200, status)
		assert.Equal(t, "2", text)
		require.Len(t, done, 2, "the answer waits for both")
		assert.Equal(t, want, <-done+" "+<-done, steps)
	}
}

func TestErrorsOfATeeAreNobodys(t *testing.T) {
	status, text := ask(t, `[["tee", "/test/missingFile"], ["teeWait", "/test/missingFile"]]`, "1")
	assert.Equal(t, 200, status)
	assert.Equal(t, "1", text)
}

func TestMethods(t *testing.T) {
	w := newWorld(t, nil)
	s, err := w.service(t, `{"pipeline": ["/lib/bypass"]}`)
	require.NoError(t, err)
	_, err = s.Serve(t.Context(), &bus.Message{Method: "GET"})
	assert.Equal(t, http.StatusMethodNotAllowed, bus.Classify(err).Status)
	assert.Equal(t, "DELETE, OPTIONS, PATCH, POST, PUT", bus.Classify(err).Header.Get("Allow"))
	s, err = w.service(t, `{"pipeline": ["GET /lib/bypass"]}`)
	require.NoError(t, err)
	_, err = s.Serve(t.Context(), &bus.Message{Method: "GET"})
	assert.NoError(t, err)
}

// endless is a stream that never ends, and notes that it was closed.
type endless struct{ closed atomic.Bool }

// Read is part of io.Reader.
func (e *endless) Read(p []byte) (int, error) {
	if e.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

// Close is part of io.Closer.
func (e *endless) Close() error { e.closed.Store(true); return nil }

func TestStreamsStayStreams(t *testing.T) {
	stream := new(endless)
	s := serving(t, `["/a", ["/b"], "/c"]`, func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		return bus.Reply(200, m.Body), nil
	})
	reply, err := s.Serve(t.Context(), &bus.Message{Method: "POST", Body: bus.NewStream(stream, -1, "image/png")})
	require.NoError(t, err)
	_, err = io.ReadFull(reply.Body.Reader(), make([]byte, 1<<20))
	assert.NoError(t, err)
	require.NoError(t, reply.Close())
	assert.True(t, stream.closed.Load())
}

func TestErrorsCloseTheBody(t *testing.T) {
	for _, steps := range []string{`["GET /x"]`, `["/x/${a}"]`, `["GET /x", "/y"]`, `["jsonSplit", "zip"]`, `["unzip", "zip"]`, `[["GET /a :a", "GET /b :b"], "jsonObject"]`} {
		stream := new(endless)
		s := serving(t, steps, func(_ context.Context, m *bus.Message) (*bus.Message, error) {
			return nil, errors.Join(m.Close(), bus.Errorf(404, "no"))
		})
		_, err := s.Serve(t.Context(), &bus.Message{Method: "POST", Body: bus.NewStream(stream, -1, "application/json")})
		assert.Error(t, err, steps)
		assert.True(t, stream.closed.Load(), steps)
	}
}
