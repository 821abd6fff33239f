package bus_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

func mustTable(t testing.TB, mounts ...*bus.Mount) *bus.Table {
	t.Helper()
	table, err := bus.NewTable(mounts...)
	require.NoError(t, err)
	return table
}

func base(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

func TestFind(t *testing.T) {
	table := mustTable(t,
		&bus.Mount{Name: "a", Base: base("a")},
		&bus.Mount{Name: "abc", Base: base("a/b/c")},
		&bus.Mount{Name: "exact", Base: base("a/b"), Exact: true},
		&bus.Mount{Name: "page", Exact: true},
		&bus.Mount{Name: "deep", Base: base("x/y")},
	)
	tests := []struct {
		path string
		dir  bool
		want string
	}{
		{"", true, "page"}, {"", false, "page"},
		{"a", false, "a"}, {"a", true, "a"}, {"ab", false, ""}, {"A", false, ""},
		{"a/b", false, "exact"}, {"a/b", true, "a"}, {"a/b/d", false, "a"},
		{"a/b/c", false, "abc"}, {"a/b/c", true, "abc"}, {"a/b/c/d/e", false, "abc"}, {"a/b/cd", false, "a"},
		{"x", false, ""}, {"x/z", false, ""}, {"x/y", false, "deep"}, {"z", false, ""},
	}
	for _, test := range tests {
		name := ""
		if m := table.Find(base(test.path), test.dir); m != nil {
			name = m.Name
		}
		assert.Equal(t, test.want, name, "%q, dir %v", test.path, test.dir)
	}
	assert.Nil(t, table.Find([]string{"x/y"}, false), "a slash in a segment separates nothing")
	root := mustTable(t, &bus.Mount{Name: "root"}, &bus.Mount{Name: "page", Exact: true})
	assert.Equal(t, "root", root.Find(base("z/z"), false).Name)
	assert.Equal(t, "page", root.Find(nil, true).Name)
	assert.Nil(t, mustTable(t).Find(nil, true))
}

// Find is the longest base path that the path begins with.
func TestFindIsTheLongestPrefix(t *testing.T) {
	segment := rapid.SampledFrom([]string{"a", "b", "ab", "a/b", ""})
	path := rapid.SliceOfN(segment, 0, 4)
	rapid.Check(t, func(t *rapid.T) {
		var mounts []*bus.Mount
		taken := map[string]bool{}
		for i := range rapid.IntRange(0, 12).Draw(t, "mounts") {
			m := &bus.Mount{Base: path.Draw(t, "base"), Exact: rapid.Bool().Draw(t, "exact"), Name: string(rune('A' + i))}
			key := strings.Join(m.Base, "\x00") + "\x00\x00" + string(rune('0'+len(m.Base)))
			if m.Exact {
				key += "."
			}
			if !taken[key] {
				taken[key] = true
				mounts = append(mounts, m)
			}
		}
		table, err := bus.NewTable(mounts...)
		require.NoError(t, err)
		at, dir := path.Draw(t, "path"), rapid.Bool().Draw(t, "dir")
		assert.Same(t, longestPrefix(mounts, at, dir), table.Find(at, dir))
	})
}

func longestPrefix(mounts []*bus.Mount, path []string, dir bool) (longest *bus.Mount) {
	for _, m := range mounts {
		if m.Exact && len(m.Base) == len(path) && begins(path, m.Base) && (!dir || len(path) == 0) {
			return m
		}
		if !m.Exact && begins(path, m.Base) && (longest == nil || len(m.Base) > len(longest.Base)) {
			longest = m
		}
	}
	return longest
}

func begins(path, base []string) bool {
	if len(base) > len(path) {
		return false
	}
	for i := range base {
		if base[i] != path[i] {
			return false
		}
	}
	return true
}

func TestNewTableRefuses(t *testing.T) {
	tests := []struct {
		a, b *bus.Mount
		want string
	}{
		{&bus.Mount{Name: "a", Base: base("x")}, &bus.Mount{Name: "a", Base: base("y")}, `two mounts are named "a"`},
		{&bus.Mount{Name: "a", Base: base("x/y")}, &bus.Mount{Name: "b", Base: base("x/y")}, `mounts "a" and "b" have the same base path /x/y`},
		{&bus.Mount{Name: "a", Base: base("x"), Exact: true}, &bus.Mount{Name: "b", Base: base("x"), Exact: true}, `mounts "a" and "b" have the same base path /x.`},
		{&bus.Mount{Name: "a"}, &bus.Mount{Name: "b"}, `mounts "a" and "b" have the same base path /`},
	}
	for _, test := range tests {
		_, err := bus.NewTable(test.a, test.b)
		assert.EqualError(t, err, test.want)
	}
	_, err := bus.NewTable(&bus.Mount{Name: "a", Base: base("x")}, &bus.Mount{Name: "b", Base: base("x"), Exact: true})
	assert.NoError(t, err, "the path itself and all below it")
}

func TestMountsAreACopy(t *testing.T) {
	a, b := &bus.Mount{Name: "a", Base: base("a")}, &bus.Mount{Name: "b"}
	given := []*bus.Mount{a, b}
	table := mustTable(t, given...)
	given[0] = nil
	table.Mounts()[1] = nil
	assert.Equal(t, []*bus.Mount{a, b}, table.Mounts())
}

func TestNoMount(t *testing.T) {
	s := &stream{Reader: strings.NewReader("x")}
	_, err := mustTable(t).Serve(t.Context(), &bus.Message{URL: urlpattern.URL{Path: base("a/b")}, Body: bus.NewStream(s, 1, "")})
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "/a/b")
	assert.Equal(t, 404, bus.Classify(err).Status)
	assert.Equal(t, 1, s.closed, "nobody else closes it")
}

func TestServeTellsWhoAnswersWhere(t *testing.T) {
	var path []string
	inner := &bus.Mount{Name: "inner", Base: base("in"), Service: returned}
	outer := &bus.Mount{Name: "outer", Base: base("out/er"), Service: bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		path = m.ServicePath()
		reply, err := inner.Serve(ctx, m.Call("GET", urlpattern.URL{Path: base("in")}, nil))
		assert.Equal(t, "inner", reply.From)
		return reply, err
	})}
	reply, err := mustTable(t, inner, outer).Serve(t.Context(), &bus.Message{URL: urlpattern.URL{Path: base("out/er/1/2")}})
	require.NoError(t, err)
	assert.Equal(t, "outer", reply.From)
	assert.Equal(t, base("1/2"), path)
	assert.Equal(t, 1, reply.Depth)
}

// What a service gives is what its caller gets: the very array.
func TestTablePassesTheVeryBytes(t *testing.T) {
	given := make([]byte, 1<<20)
	table := mustTable(t, &bus.Mount{Name: "a", Service: bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		return bus.Reply(200, bus.NewBody(given, "")), nil
	})})
	reply, err := table.Serve(t.Context(), &bus.Message{})
	require.NoError(t, err)
	got, err := reply.Body.Bytes(1 << 20)
	require.NoError(t, err)
	assert.Same(t, unsafe.SliceData(given), unsafe.SliceData(got))
}

func TestMountServeFails(t *testing.T) {
	known := bus.Errorf(418, "tea")
	left := &stream{Reader: strings.NewReader("")}
	tests := []struct {
		name    string
		service bus.ServiceFunc
		status  int
		text    string
	}{
		{"an error", func(context.Context, *bus.Message) (*bus.Message, error) { return nil, known }, 418, "tea"},
		{"neither", func(context.Context, *bus.Message) (*bus.Message, error) { return nil, nil }, 500, "service x returned neither a reply nor an error"},
		{"no status", func(context.Context, *bus.Message) (*bus.Message, error) {
			return bus.Reply(0, bus.NewStream(left, -1, "")), nil
		}, 500, "service x returned a reply of status 0"},
		{"a status that is none", func(context.Context, *bus.Message) (*bus.Message, error) { return bus.Reply(1000, nil), nil }, 500, "status 1000"},
		{"a panic", func(context.Context, *bus.Message) (*bus.Message, error) { panic("ouch") }, 500, "panic: ouch"},
		{"a panic with what can't be compared", func(context.Context, *bus.Message) (*bus.Message, error) { panic([]int{1}) }, 500, "panic: [1]"},
		{"an abort", func(context.Context, *bus.Message) (*bus.Message, error) { panic(http.ErrAbortHandler) }, 499, "context canceled"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tally := new(bus.Tally)
			mount := &bus.Mount{Name: "x", Service: test.service, Tally: tally}
			reply, err := mount.Serve(t.Context(), &bus.Message{})
			assert.Nil(t, reply)
			require.ErrorContains(t, err, test.text)
			assert.Equal(t, test.status, bus.Classify(err).Status)
			assert.Equal(t, bus.Stats{Calls: 1, Failures: 1, Time: tally.Stats().Time}, tally.Stats())
		})
	}
	assert.Equal(t, 1, left.closed)
}

func TestPanicKeepsItsStack(t *testing.T) {
	_, err := (&bus.Mount{Service: bus.ServiceFunc(explode)}).Serve(t.Context(), &bus.Message{})
	var caught *bus.PanicError
	require.ErrorAs(t, err, &caught)
	assert.Equal(t, "boom", caught.Value)
	assert.Contains(t, string(caught.Stack), "bus_test.explode")
}

func explode(context.Context, *bus.Message) (*bus.Message, error) { panic("boom") }

// A test that fails inside a service ends its goroutine with Goexit.
func TestMountLetsGoexitPass(t *testing.T) {
	mount := &bus.Mount{Service: bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		runtime.Goexit()
		return nil, nil
	})}
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		_, _ = mount.Serve(t.Context(), &bus.Message{})
	}()
	assert.Nil(t, <-done)
}

func TestStats(t *testing.T) {
	fail := errors.New("no")
	tally := new(bus.Tally)
	mount := &bus.Mount{Tally: tally, Service: bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		time.Sleep(2 * time.Millisecond)
		if m.Method == "FAIL" {
			return nil, fail
		}
		return bus.Reply(404, nil), nil
	})}
	assert.Zero(t, tally.Stats())
	for _, method := range []string{"GET", "FAIL", "GET"} {
		_, _ = mount.Serve(t.Context(), &bus.Message{Method: method})
	}
	stats := tally.Stats()
	assert.Equal(t, int64(3), stats.Calls)
	assert.Equal(t, int64(1), stats.Failures, "a reply of 404 is an answer")
	assert.GreaterOrEqual(t, stats.Time, 6*time.Millisecond)
	assert.Less(t, stats.Time, 10*time.Second)
}

func TestMountPath(t *testing.T) {
	for want, mount := range map[string]*bus.Mount{
		"/":         {},
		"/a%2Fb/c":  {Base: []string{"a/b", "c"}},
		"/a.":       {Base: base("a"), Exact: true},
		"/%C3%A4/x": {Base: base("ä/x")},
	} {
		assert.Equal(t, want, mount.Path())
	}
}

func TestCall(t *testing.T) {
	user := &bus.User{Email: "a@b.c", Fields: map[string]string{"dept": "7"}}
	m := &bus.Message{User: user, Depth: 3, Header: bus.Header{{"A", "1"}}, Name: "n", Sees: func([]string) bool { return false }}
	body := bus.NewBody(nil, "")
	call := m.Call("PUT", urlpattern.URL{Path: base("x")}, body)
	assert.Equal(t, &bus.Message{Method: "PUT", URL: urlpattern.URL{Path: base("x")}, Body: body, User: user, Depth: 4}, call)

	for name, want := range map[string]string{"email": "a@b.c", "dept": "7", "other": ""} {
		value, ok := user.Field(name)
		assert.Equal(t, want, value)
		assert.Equal(t, want != "", ok)
	}
	_, ok := (*bus.User)(nil).Field("email")
	assert.False(t, ok, "nobody")
	_, ok = (&bus.User{}).Field("email")
	assert.False(t, ok)
	assert.NoError(t, (*bus.Message)(nil).Close())
}
