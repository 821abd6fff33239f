package pipeline_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

func TestZipHoldsFewParts(t *testing.T) {
	const count = 10_000
	var open, most, opened int
	made := make(chan int, 2*count) // 1: a body was made, -1: closed
	w := &world{}
	var err error
	w.table, err = bus.NewTable(&bus.Mount{Name: "all", Service: bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		made <- 1
		body := bus.NewStream(io.NopCloser(strings.NewReader("text")), 4, "text/plain")
		body.OnClose(func() { made <- -1 })
		return bus.Reply(200, body), m.Close()
	})})
	require.NoError(t, err)
	reply, err := w.must(t, `["GET /x/${[]} :$<0.txt", "zip"]`, count).Serve(w.root(t),
		&bus.Message{Method: "POST", Body: bus.NewBody(numbers(count), "application/json")})
	require.NoError(t, err)
	var whole bytes.Buffer
	for err == nil {
		_, err = io.CopyN(&whole, reply.Body.Reader(), 100)
		for len(made) > 0 {
			n := <-made
			open += n
			opened += max(n, 0)
			most = max(most, open)
		}
	}
	require.Equal(t, io.EOF, err)
	require.NoError(t, reply.Close())
	assert.Equal(t, count, opened)
	assert.LessOrEqual(t, most, 40)
	archive, err := zip.NewReader(bytes.NewReader(whole.Bytes()), int64(whole.Len()))
	require.NoError(t, err)
	assert.Len(t, archive.File, count)
	assert.Equal(t, "9999.txt", archive.File[count-1].Name)
}
