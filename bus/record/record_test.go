package record_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/record"
	"github.com/seed90475182/restspace/urlpattern"
)

func start(t testing.TB, o record.Options) (context.Context, *record.Node) {
	root := bus.NewRoot(t.Context(), 0)
	t.Cleanup(root.End)
	ctx, n := record.Start(root, o, record.Entry{Kind: record.Request})
	require.NotNil(t, n)
	return ctx, n
}

var echo = bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
	return &bus.Message{Status: 200, Body: m.Body, From: "echo"}, nil
})

func message(path string, body *bus.Body) *bus.Message {
	return &bus.Message{Method: "POST", URL: urlpattern.URL{Path: []string{path}}, Body: body}
}

func TestCallsNest(t *testing.T) {
	ctx, n := start(t, record.Options{})
	outer := bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		_, err := record.Serve(ctx, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
			return nil, bus.Errorf(409, "it is taken")
		}), message("inner", nil))
		assert.Error(t, err)
		return record.Serve(ctx, echo, m)
	})
	_, err := record.Serve(ctx, outer, message("outer", bus.NewBody([]byte("1"), "application/json")))
	require.NoError(t, err)
	tree := n.Tree(nil)
	require.Len(t, tree.Children, 1)
	call := tree.Children[0]
	assert.Equal(t, "/outer", call.URL)
	assert.Equal(t, 200, call.Status)
	require.Len(t, call.Children, 2)
	assert.Equal(t, 409, call.Children[0].Status)
	assert.Equal(t, "it is taken", call.Children[0].Error)
	assert.Equal(t, "echo", call.Children[1].Service)
}

func TestSiblingsAreInTheOrderOfTheirIndex(t *testing.T) {
	_, n := start(t, record.Options{Children: 5})
	var all sync.WaitGroup
	for i := range 9 {
		all.Go(func() { n.Child(i, record.Entry{Kind: record.Part, Name: fmt.Sprint(i)}).End(nil) })
	}
	all.Wait()
	tree := n.Tree(nil)
	var names []string
	for _, child := range tree.Children {
		names = append(names, child.Name)
	}
	assert.Equal(t, []string{"0", "1", "2", "3", "4"}, names)
	assert.Equal(t, 4, tree.More)
}

func TestATreeIsBounded(t *testing.T) {
	ctx, n := start(t, record.Options{Nodes: 10})
	for range 20 {
		n.Child(-1, record.Entry{Kind: record.Call})
	}
	hidden := n.Child(-1, record.Entry{Kind: record.Call})
	record.Planned(hidden.With(ctx), message("x", nil), 0)
	hidden.Set(func(*record.Entry) { t.Error("what is hidden was asked") })
	tree := n.Tree(nil)
	assert.Len(t, tree.Children, 10)
	assert.Equal(t, 11, tree.More)
	assert.Equal(t, []string{"and 1 more"}, record.Plans(tree))
}

func TestAClientSeesNoMoreThanItMay(t *testing.T) {
	inner := bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		return nil, fmt.Errorf("open /srv/data/x: %w", errors.New("the disk is gone"))
	})
	outer := bus.ServiceFunc(func(ctx context.Context, _ *bus.Message) (*bus.Message, error) {
		assert.True(t, record.NodeOf(ctx).Hidden() == (bus.RootOf(ctx).ID == "closed"))
		return record.Serve(ctx, inner, message("inner", nil))
	})
	table, err := bus.NewTable(&bus.Mount{Name: "outer", Base: []string{"outer"}, Service: outer}, &bus.Mount{Name: "inner", Base: []string{"inner"}, Service: inner})
	require.NoError(t, err)
	for id, opens := range map[string]bool{"open": true, "closed": false} {
		root := bus.NewRoot(t.Context(), 0)
		defer root.End()
		root.Table, root.ID = table, id
		ctx, n := record.Start(root, record.Options{Opens: func(mount *bus.Mount, _ *bus.Message) bool { return opens }}, record.Entry{})
		_, err = record.Serve(ctx, table, message("outer", nil))
		require.ErrorContains(t, err, "the disk is gone")
		call := n.Tree(nil).Children[0]
		assert.Equal(t, "Internal Server Error", call.Error)
		assert.Equal(t, 500, call.Status)
		assert.Equal(t, opens, len(call.Children) == 1)
	}
}

func TestWhatIsCutShowsNoHalfOfASecret(t *testing.T) {
	_, n := start(t, record.Options{})
	n.Child(-1, record.Entry{Kind: record.Step, Text: strings.Repeat("x", 2044) + "s3same", Name: strings.Repeat("y", 5000)})
	step := n.Tree(record.NewRedactor([]string{"s3same"})).Children[0]
	assert.Equal(t, strings.Repeat("x", 2044)+"...", step.Text)
	assert.Equal(t, strings.Repeat("y", 2048)+"...", step.Name)
}

func TestManyBodiesAreBounded(t *testing.T) {
	ctx, n := start(t, record.Options{Bodies: true, Children: 5000, Nodes: 5000})
	body := []byte(strings.Repeat("x", 64<<10))
	for range 700 {
		_, err := record.Serve(ctx, echo, message("x", bus.NewBody(body, "text/plain")))
		require.NoError(t, err)
	}
	kept := 0
	for _, c := range n.Tree(nil).Children {
		kept += len(c.In.Text) + len(c.Out.Text)
	}
	assert.LessOrEqual(t, kept, 9<<20)
}

func TestBodies(t *testing.T) {
	r := record.NewRedactor([]string{strings.Repeat("k", 6<<10)})
	for name, row := range map[string]struct {
		body, mediaType, want string
		cut                   bool
	}{
		"text":           {"hello", "text/plain", "hello", false},
		"JSON":           {`{"token":"x"}`, "application/json", `{"token":"[redacted]"}`, false},
		"binary":         {"\x00\x01", "image/png", "", false},
		"no UTF-8":       {"\xff\xfe", "text/plain", "", false},
		"long":           {strings.Repeat("x", 9<<10), "text/plain", strings.Repeat("x", 4<<10), true},
		"long, umlauts":  {"a" + strings.Repeat("ä", 9<<10), "text/plain", "a" + strings.Repeat("ä", 2047), true},
		"half a secret":  {strings.Repeat("x", 3<<10) + strings.Repeat("k", 6<<10), "text/plain", strings.Repeat("x", 3<<10), true},
		"a whole secret": {strings.Repeat("k", 6<<10) + "x", "text/plain", "[redacted]x", false},
	} {
		for kind, body := range map[string]*bus.Body{
			"bytes":  bus.NewBody([]byte(row.body), row.mediaType),
			"stream": bus.NewStream(io.NopCloser(strings.NewReader(row.body)), -1, row.mediaType),
		} {
			ctx, n := start(t, record.Options{Bodies: true})
			reply, err := record.Serve(ctx, echo, message("x", body))
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, reply.Body.Reader())
			require.NoError(t, err)
			require.NoError(t, reply.Close())
			call := n.Tree(r).Children[0]
			for _, p := range []record.Payload{call.In, call.Out} {
				assert.Equal(t, int64(len(row.body)), p.Size, "%s %s", name, kind)
				assert.Equal(t, row.want, p.Text, "%s %s", name, kind)
				assert.Equal(t, row.cut, p.Cut, "%s %s", name, kind)
			}
		}
	}
}

// closing notes that it was closed.
type closing struct {
	io.Reader
	closed int
}

func (c *closing) Close() error { c.closed++; return nil }

func TestStreamsAreClosedOnce(t *testing.T) {
	ctx, _ := start(t, record.Options{})
	stream, ended := &closing{Reader: strings.NewReader("abc")}, 0
	body := bus.NewStream(stream, -1, "text/plain")
	body.OnClose(func() { ended++ })
	reply, err := record.Serve(ctx, echo, message("x", body))
	require.NoError(t, err)
	data, err := reply.Body.Bytes(10)
	require.NoError(t, err)
	assert.Equal(t, "abc", string(data))
	require.NoError(t, reply.Close())
	assert.Equal(t, 1, stream.closed)
	assert.Equal(t, 1, ended)
}

func TestWhereNothingIsRecorded(t *testing.T) {
	ctx, n := record.Start(t.Context(), record.Options{}, record.Entry{})
	assert.Nil(t, n, "there is no request")
	ctx, n = record.Begin(ctx, record.Entry{})
	n.Set(func(*record.Entry) { t.Error("asked") })
	n.End(errors.New("x"))
	assert.Zero(t, n.Tree(nil))
	reply, err := record.Serve(ctx, echo, message("x", nil))
	require.NoError(t, err)
	assert.Equal(t, 200, reply.Status)

	root := bus.NewRoot(t.Context(), 0)
	defer root.End()
	m, answer := message("x", nil), &bus.Message{Status: 200}
	still := bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) { return answer, nil })
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = record.Serve(root, still, m) }))
}

// BenchmarkUntraced is what the hook costs a call where nothing is recorded.
func BenchmarkUntraced(b *testing.B) {
	root := bus.NewRoot(b.Context(), 0)
	defer root.End()
	m, answer := message("x", nil), &bus.Message{Status: 200}
	still := bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) { return answer, nil })
	b.Run("call", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = still.Serve(root, m)
		}
	})
	b.Run("hook", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = record.Serve(root, still, m)
		}
	})
}

func TestWriteCutsToTheWidth(t *testing.T) {
	yes := true
	tree := record.Entry{Kind: record.Request, Method: "GET", URL: "/a/" + strings.Repeat("long", 20), Service: "a", Status: 404, Error: "nothing\x1b[31m here", Took: 1200, Children: []record.Entry{
		{Kind: record.Step, At: "/0", Text: "if (ok) GET /x", Held: &yes, Took: 12, More: 2, Children: []record.Entry{{Kind: record.Call, Method: "GET", URL: "/x", Service: "x", Status: 200, Out: record.Payload{Size: 1234}}}},
		{Kind: record.Step, At: "/1", Text: "GET /y", Skipped: true},
	}}
	bad := func(s string) string { return "<" + s + ">" }
	var text strings.Builder
	require.NoError(t, record.Write(&text, tree, record.Look{Width: 72, Bad: bad}))
	for line := range strings.Lines(text.String()) {
		assert.LessOrEqual(t, len([]rune(strings.NewReplacer("<", "", ">", "", "\n", "").Replace(line))), 72, line)
	}
	assert.Contains(t, text.String(), "<404")
	assert.Contains(t, text.String(), "/a/longlong")
	assert.Contains(t, text.String(), "…")
	assert.NotContains(t, text.String(), "\x1b")
	assert.Contains(t, text.String(), "└ /1 GET /y")
	assert.Contains(t, text.String(), "skipped")
}
