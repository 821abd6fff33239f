package pipeline_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// within runs a pipeline as a request that may hold so many bytes, and sees
// that it gives back all that it held.
func within(t *testing.T, buffered int64, steps, body string, s bus.ServiceFunc) (int, string) {
	t.Helper()
	root := bus.NewRoot(t.Context(), time.Minute)
	defer root.End()
	status, text := send(t, root, serving(t, steps, s), body)
	root.Limits.Buffered = buffered
	assert.NoError(t, root.Hold(buffered), "something is still held")
	return status, text
}

// answers has every call answered with so many bytes.
func answers(n int, mediaType string) bus.ServiceFunc {
	data := []byte(`"` + strings.Repeat("x", n-2) + `"`)
	return func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		return bus.Reply(200, bus.NewBody(bytes.Clone(data), mediaType)), m.Close()
	}
}

func list(n int) string { return "[" + strings.Repeat("1,", n-1) + "1]" }

func TestWhatWaitsCounts(t *testing.T) {
	for steps, row := range map[string]struct {
		body   string
		status int
	}{
		`["jsonSplit", "GET /x", "zip"]`:                               {list(500), 200}, // few wait
		`["jsonSplit", "GET /x", "jsonArray"]`:                         {list(500), 413},
		`["jsonSplit", ["serial", "jsonSplit", "GET /x"], "zip"]`:      {"[" + list(200) + "," + list(200) + "]", 413},
		`[["GET /x :a", "GET /x :b", "GET /x :c"], "zip"]`:             {"1", 200},
		`["jsonSplit", "GET /x", ["tee", "/slow"], "GET /x", "zip"]`:   {list(100), 200},
		`["jsonSplit", "GET /x :$v", "zip"]`:                           {list(500), 413}, // until the end
		`["GET /x", "jsonSplit", "jsonArray"]`:                         {"1", 422},
		`["GET /x", ["/x :a", "/x :b"], "multipart"]`:                  {"1", 200},
		`["jsonSplit", [":a", "GET /x :b", "GET /x :c"], "jsonArray"]`: {list(200), 413},
	} {
		t.Run(steps, func(t *testing.T) {
			t.Parallel()
			root := bus.NewRoot(t.Context(), time.Minute)
			defer root.End()
			root.Limits.Buffered = 4 << 20
			big := answers(64<<10, "application/json")
			s := serving(t, steps, func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
				if m.URL.Path[0] == "slow" {
					time.Sleep(50 * time.Millisecond)
				}
				return big(ctx, m)
			})
			reply, err := s.Serve(root, &bus.Message{Method: "POST", Body: bus.NewBody([]byte(row.body), "application/json")})
			if err == nil {
				_, err = io.Copy(io.Discard, reply.Body.Reader())
				_ = reply.Close()
			}
			status := 200
			if err != nil {
				status = bus.Classify(err).Status
			}
			assert.Equal(t, row.status, status, "%v", err)
			assert.NoError(t, root.Hold(4<<20), "something is still held")
		})
	}
}

func TestFanOutBombs(t *testing.T) {
	inner := list(1000)
	bomb := "[" + strings.Repeat(inner+",", 999) + inner + "]"
	var calls atomic.Int64
	for _, steps := range []string{
		`["jsonSplit", "jsonSplit", "GET /x", "jsonArray"]`,
		`["jsonSplit", ["serial", "jsonSplit", "GET /x", "jsonArray"], "jsonArray"]`,
		`["jsonSplit", ["serial", "GET /x/${[]}"], "jsonArray"]`,
		`["jsonSplit", "jsonSplit", [":a", ":b", ":c", ":d"], "jsonArray"]`,
	} {
		calls.Store(0)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		status, text := within(t, 64<<20, steps, bomb, func(_ context.Context, m *bus.Message) (*bus.Message, error) {
			calls.Add(1)
			return bus.Reply(200, bus.NewBody([]byte("1"), "application/json")), m.Close()
		})
		runtime.ReadMemStats(&after)
		assert.Equal(t, 400, status, steps)
		assert.Contains(t, text[:min(len(text), 1000)], "too many messages")
		assert.LessOrEqual(t, calls.Load(), int64(10_000), steps)
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20), steps)
	}
}

func TestMillionParts(t *testing.T) {
	body := list(1_000_000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	status, _ := within(t, 64<<20, `["jsonSplit", "GET /x", "jsonArray"]`, body, waits(new(atomic.Int64), new(atomic.Int64)))
	runtime.ReadMemStats(&after)
	assert.Equal(t, 400, status)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(3<<20), "the list is not copied but for its check")
}

func TestABranchThatFailsEndsTheOthers(t *testing.T) {
	var started, ended atomic.Int64
	slow := waits(&started, &ended)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // what nobody ends fails with it
	defer cancel()
	s := serving(t, `[["GET /slow :a", "GET /fail :b", "GET /slow :c"], "jsonObject"]`, func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		if m.URL.Path[0] != "fail" {
			return slow(ctx, m)
		}
		for started.Load() < 2 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		return nil, errors.Join(m.Close(), bus.Errorf(409, "it is broken"))
	})
	status, text := send(t, ctx, s, "")
	assert.NoError(t, ctx.Err(), "the others were left to end by themselves")
	assert.Equal(t, int64(2), ended.Load())
	assert.Equal(t, 409, status, text)
}

func TestAPanicGivesItsPlaceBack(t *testing.T) {
	calls := bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		if m.URL.Path[0] == "panics" {
			panic("no")
		}
		return bus.Reply(204, nil), m.Close()
	})
	w := &world{}
	s, err := w.serviceOf(t, `{"pipeline": ["concurrency 1", ["teeWait", "/panics"], "/x"]}`, calls, calls)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	status, text := send(t, ctx, s, "1")
	assert.Equal(t, 204, status, text)
}

func TestAPanicEndsTheRun(t *testing.T) {
	for steps, tees := range map[string]int{`[["tee", "/x"], "/panics"]`: 1, `["GET /panics"]`: 0} {
		ended := make(chan bool, 1)
		calls := bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
			if m.URL.Path[0] == "panics" {
				panic("no")
			}
			time.Sleep(50 * time.Millisecond)
			ended <- true
			return bus.Reply(204, nil), m.Close()
		})
		w := &world{}
		s, err := w.serviceOf(t, `{"pipeline": `+steps+`, "get": true}`, calls, calls)
		require.NoError(t, err)
		stream := new(endless)
		assert.Panics(t, func() {
			_, _ = s.Serve(t.Context(), &bus.Message{Method: "POST", Body: bus.NewStream(stream, 10, "text/plain")})
		})
		assert.Len(t, ended, tees, "the tee is waited for")
		assert.True(t, stream.closed.Load(), steps)
	}
}

func TestAnErrorInAVariableIsWhatComesOfIt(t *testing.T) {
	status, text := ask(t, `["try GET /test/missingFile", "GET /test/nope :$v"]`, `{"a":1}`)
	assert.Equal(t, 200, status)
	assert.Equal(t, `{"a":1}`, text, "the second ran, and has no error any more")
}

func TestConditionsOnWhatCantBeRead(t *testing.T) {
	body := func(mediaType string, n int64) *bus.Body {
		return bus.NewStream(io.NopCloser(io.LimitReader(new(endless), n)), -1, mediaType)
	}
	s := serving(t, `["if (body) /x"]`, func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		return bus.Reply(200, m.Body), nil
	})
	_, err := s.Serve(t.Context(), &bus.Message{Method: "POST", Body: body("application/json", 5<<20)})
	assert.Equal(t, 413, bus.Classify(err).Status, "it is too large to be looked at")
	reply, err := s.Serve(t.Context(), &bus.Message{Method: "POST", Body: body("image/png", 5<<20)})
	require.NoError(t, err, "nobody reads what is no JSON")
	n, err := io.Copy(io.Discard, reply.Body.Reader())
	assert.NoError(t, err)
	assert.EqualValues(t, 5<<20, n)
	assert.NoError(t, reply.Close())
}

func TestWhatIsRelayedOfAnError(t *testing.T) {
	s := serving(t, `["GET http://example.com/a/b"]`, func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		reply := bus.Reply(302, bus.NewBody([]byte("x"), "text/plain"))
		reply.Header = bus.Header{{Name: "Set-Cookie", Value: "a=b"}, {Name: "WWW-Authenticate", Value: "Basic"},
			{Name: "Location", Value: "../c"}, {Name: "Content-Language", Value: "en"}, {Name: "Access-Control-Allow-Origin", Value: "*"}}
		return reply, m.Close()
	})
	reply, err := s.Serve(t.Context(), &bus.Message{Method: "POST"})
	require.NoError(t, err)
	assert.Equal(t, 302, reply.Status)
	assert.Equal(t, bus.Header{{Name: "Location", Value: "http://example.com/c"}, {Name: "Content-Language", Value: "en"}}, reply.Header)
}

func TestMultipart(t *testing.T) {
	s := serving(t, `[["GET /data :a\"b", "GET /image :photo.png", "GET /none :c"], "multipart"]`, func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		switch m.URL.Path[0] {
		case "data":
			return bus.Reply(200, bus.NewBody([]byte(`{"n":1}`), "application/json")), m.Close()
		case "image":
			return bus.Reply(200, bus.NewBody([]byte("\x89PNG"), "image/png")), m.Close()
		}
		return bus.Reply(204, nil), m.Close()
	})
	reply, err := s.Serve(t.Context(), &bus.Message{Method: "POST"})
	require.NoError(t, err)
	defer reply.Close()
	_, params, err := mime.ParseMediaType(reply.Body.MediaType())
	require.NoError(t, err)
	form, err := multipart.NewReader(reply.Body.Reader(), params["boundary"]).ReadForm(1 << 20)
	require.NoError(t, err)
	defer func() { _ = form.RemoveAll() }()
	assert.Equal(t, map[string][]string{"a%22b": {`{"n":1}`}}, form.Value)
	require.Len(t, form.File["photo.png"], 1)
	assert.Equal(t, "image/png", form.File["photo.png"][0].Header.Get("Content-Type"))
	assert.Equal(t, "photo.png", form.File["photo.png"][0].Filename)
	assert.NotContains(t, form.File, "c", "it has no body")
}

func TestCallsOfTheCaller(t *testing.T) {
	w := newWorld(t, load(t).Mocks)
	for as, want := range map[string]string{"service": "service", "caller": "caller"} {
		s, err := w.serviceOf(t, `{"pipeline": ["GET /x"], "as": "`+as+`"}`, named("service"), named("caller"))
		require.NoError(t, err)
		_, text := send(t, t.Context(), s, "")
		assert.Equal(t, want, text)
	}
	s, err := w.serviceOf(t, `{"pipeline": ["GET $?(from)"]}`, named("service"), named("caller"))
	require.NoError(t, err)
	reply, err := s.Serve(t.Context(), &bus.Message{Method: "POST", URL: urlpattern.URL{Path: []string{"p"}, Query: "from=/x"}})
	require.NoError(t, err)
	text, err := reply.Body.Bytes(100)
	require.NoError(t, err)
	assert.Equal(t, "caller", string(text), "a URL that came out of data")
}

// named answers with a name.
func named(name string) bus.ServiceFunc {
	return func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		return bus.Reply(200, bus.NewBody([]byte(name), "text/plain")), m.Close()
	}
}

// archiveOf returns a zip of files of one content.
func archiveOf(t testing.TB, count int, content []byte) []byte {
	t.Helper()
	var whole bytes.Buffer
	w := zip.NewWriter(&whole)
	for i := range count {
		to, err := w.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("d/%d.txt", i)})
		require.NoError(t, err)
		_, err = to.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return whole.Bytes()
}

// TestManyFiles sends 40 MB through the unpacking of a zip, steps and another
// zip: little of it is in memory at one time.
func TestManyFiles(t *testing.T) {
	const count, size = 10_000, 4000
	archive := archiveOf(t, count, bytes.Repeat([]byte("x"), size))
	s := serving(t, `["unzip", "/x", "zip", "/x"]`, func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		return bus.Reply(200, m.Body), nil
	})
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	reply, err := s.Serve(t.Context(), &bus.Message{Method: "POST", Body: bus.NewBody(archive, "application/zip")})
	require.NoError(t, err)
	defer reply.Close()
	most, sum := uint64(0), int64(0)
	for err == nil {
		var n int64
		n, err = io.CopyN(io.Discard, reply.Body.Reader(), 100<<10)
		sum += n
		runtime.GC()
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapAlloc)
	}
	assert.Equal(t, io.EOF, err)
	assert.NotZero(t, sum)
	assert.Less(t, most, before.HeapAlloc+20<<20)
}

func TestUnzip(t *testing.T) {
	s := serving(t, `["unzip", "jsonObject"]`, named(""))
	made := func(add func(w *zip.Writer)) []byte {
		var whole bytes.Buffer
		w := zip.NewWriter(&whole)
		add(w)
		require.NoError(t, w.Close())
		return whole.Bytes()
	}
	file := func(name, content string) func(w *zip.Writer) {
		return func(w *zip.Writer) {
			to, err := w.Create(name)
			require.NoError(t, err)
			_, err = to.Write([]byte(content))
			require.NoError(t, err)
		}
	}
	encrypted := made(file("a.json", "1"))
	for _, signature := range []string{"PK\x03\x04", "PK\x01\x02"} {
		at := bytes.Index(encrypted, []byte(signature))
		encrypted[at+map[string]int{"PK\x03\x04": 6, "PK\x01\x02": 8}[signature]] |= 1
	}
	broken := made(func(w *zip.Writer) {
		to, err := w.CreateHeader(&zip.FileHeader{Name: "a.json", Method: zip.Store})
		require.NoError(t, err)
		_, err = to.Write([]byte("12345"))
		require.NoError(t, err)
	})
	broken[bytes.Index(broken, []byte("12345"))] = '9'
	for name, row := range map[string]struct {
		zip    []byte
		status int
		want   string
	}{
		"files and directories": {made(func(w *zip.Writer) {
			file("a.json", `{"n":1}`)(w)
			_, err := w.Create("d/")
			require.NoError(t, err)
			file("d/b.txt", "text")(w)
		}), 200, `{"a.json":{"n":1},"d/b.txt":"text"}`},
		"names are only names": {made(func(w *zip.Writer) {
			file("../../etc/passwd.txt", "x")(w)
			file("/abs.txt", "y")(w)
			file(`c:\\w.txt`, "z")(w)
		}), 200, `{"../../etc/passwd.txt":"x","/abs.txt":"y","c:\\\\w.txt":"z"}`},
		"nothing":         {made(func(*zip.Writer) {}), 200, `{}`},
		"no zip":          {[]byte("PK nothing"), 400, "not a whole zip"},
		"encrypted":       {encrypted, 400, "it is encrypted"},
		"another content": {broken, 400, "not what the zip says"},
		"a link": {made(func(w *zip.Writer) {
			h := &zip.FileHeader{Name: "l"}
			h.SetMode(0o777 | fs.ModeSymlink)
			_, err := w.CreateHeader(h)
			require.NoError(t, err)
		}), 400, `in the zip, \"l\": it is a link`},
		"a bomb":             {made(file("a.txt", strings.Repeat("x", 3<<20))), 413, "too many for its size"},
		"one that is large":  {made(file("a.txt", strings.Repeat("x", 5<<20))), 413, "more than the limit"},
		"many that are none": {archiveOf(t, 10_001, nil), 413, "more than 10000 entries"},
	} {
		for _, stream := range []bool{false, true} {
			body := bus.NewBody(row.zip, "application/zip")
			if stream {
				body = bus.NewStream(io.NopCloser(bytes.NewReader(row.zip)), -1, "application/zip")
			}
			reply, err := s.Serve(t.Context(), &bus.Message{Method: "POST", Body: body})
			if err != nil {
				reply = bus.Problem(err, "", "")
			}
			text, err := reply.Body.Bytes(1 << 20)
			require.NoError(t, err)
			assert.Equal(t, row.status, reply.Status, "%s: %s", name, text)
			assert.Contains(t, string(text), row.want, name)
		}
	}
}
