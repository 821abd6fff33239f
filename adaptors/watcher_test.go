package adaptors_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// notebook notes what it is told of.
type notebook struct {
	lines []string
	ended []string
}

func (n *notebook) Begin(ctx context.Context, o adaptors.Operation) (context.Context, bus.Span) {
	return context.WithValue(ctx, n, o), &page{n, o}
}

// page is a span that is noted.
type page struct {
	*notebook
	operation adaptors.Operation
}

func (p *page) Trace() bus.Trace { return bus.Trace{} }

func (p *page) End(err error) { p.ended = append(p.ended, fmt.Sprint(p.operation, " ", err)) }

func (n *notebook) Called(o adaptors.Operation, took time.Duration, err error) {
	outcome := "ok"
	switch {
	case took < 0:
		outcome = "before it began"
	case errors.Is(err, fs.ErrNotExist):
		outcome = "missing"
	case err != nil:
		outcome = err.Error()
	}
	n.lines = append(n.lines, o.String()+" "+outcome)
}

func (n *notebook) take() []string {
	lines := n.lines
	n.lines = nil
	return lines
}

func TestWatchedKeep(t *testing.T) {
	notes := new(notebook)
	store := memstore.New()
	keep := adaptors.NewKeep(store, 0).Watched(notes).Through(func(s adaptors.Store) adaptors.Store { return s })
	for range keep.List(t.Context(), nil, adaptors.ListOptions{}) {
	}
	assert.Equal(t, []string{"list ok"}, notes.take(), "of nothing")
	for i := range 3 {
		_, err := keep.Put(t.Context(), adaptors.Key{fmt.Sprint(i)}, bus.NewBody([]byte("x"), ""), adaptors.Condition{})
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"put ok", "put ok", "put ok"}, notes.take())
	for range keep.List(t.Context(), nil, adaptors.ListOptions{}) {
	}
	assert.Equal(t, []string{"list ok"}, notes.take(), "once, however much there is")
	_, _, err := keep.Get(t.Context(), adaptors.Key{"0"}, adaptors.GetOptions{})
	require.NoError(t, err)
	_, _, err = keep.Get(t.Context(), adaptors.Key{"9"}, adaptors.GetOptions{})
	require.Error(t, err)
	require.NoError(t, keep.Delete(t.Context(), adaptors.Key{"0"}, adaptors.Condition{}))
	require.Error(t, keep.Delete(t.Context(), nil, adaptors.Condition{}))
	assert.Equal(t, []string{"get ok", "get missing", "delete ok"}, notes.take(), "what never gets to the store is no call of it")
}

// streams is a Store whose bodies are streams.
type streams struct{ adaptors.Store }

func (s streams) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	body, info, err := s.Store.Get(ctx, key, o)
	if err != nil {
		return nil, info, err
	}
	return bus.NewStream(io.NopCloser(body.Reader()), body.Size(), "of the driver"), info, nil
}

func TestSpansEndWithTheirCalls(t *testing.T) {
	notes := new(notebook)
	keep := adaptors.NewKeep(streams{memstore.New()}, 0).Watched(notes)
	for _, name := range []string{"a", "b"} {
		_, err := keep.Put(t.Context(), adaptors.Key{name}, bus.NewBody([]byte("x"), ""), adaptors.Condition{})
		require.NoError(t, err)
	}
	_, _, err := keep.Get(t.Context(), adaptors.Key{"c"}, adaptors.GetOptions{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Len(t, notes.ended, 3)
	assert.Equal(t, []string{"put <nil>", "put <nil>"}, notes.ended[:2])
	assert.Contains(t, notes.ended[2], "get ")
	notes.ended = nil

	body, _, err := keep.Get(t.Context(), adaptors.Key{"a"}, adaptors.GetOptions{})
	require.NoError(t, err)
	assert.Empty(t, notes.ended, "it is still read")
	require.NoError(t, body.Close())
	assert.Equal(t, []string{"get <nil>"}, notes.ended)
	for range keep.List(t.Context(), nil, adaptors.ListOptions{}) {
		assert.Len(t, notes.ended, 1, "there is more")
		assert.Equal(t, "list ok", notes.lines[len(notes.lines)-1], "of the first entry it is told at once")
	}
	assert.Equal(t, []string{"get <nil>", "list <nil>"}, notes.ended)
	require.NoError(t, keep.Delete(t.Context(), adaptors.Key{"a"}, adaptors.Condition{}))
	assert.Equal(t, []string{"get <nil>", "list <nil>", "delete <nil>"}, notes.ended)
}

// failing is a Mailer and an Engine.
type failing struct{}

func (failing) Send(context.Context, adaptors.Mail) error { return errors.New("no post") }

func (failing) Render(context.Context, io.Writer, adaptors.Template, []byte) error { return nil }

func (failing) Check(context.Context, adaptors.Template) error { return errors.New("no template") }

func TestWatchedMailerAndEngine(t *testing.T) {
	notes := new(notebook)
	assert.EqualError(t, adaptors.WatchedMailer(failing{}, notes).Send(t.Context(), adaptors.Mail{}), "no post")
	engine := adaptors.WatchedEngine(failing{}, notes)
	assert.NoError(t, engine.Render(t.Context(), io.Discard, adaptors.Template{}, nil))
	assert.EqualError(t, adaptors.CheckTemplate(t.Context(), engine, adaptors.Template{}), "no template")
	assert.Equal(t, []string{"send no post", "render ok"}, notes.take())
	assert.Equal(t, []string{"send no post", "render <nil>"}, notes.ended)
}
