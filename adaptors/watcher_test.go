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
type notebook struct{ lines []string }

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
}
