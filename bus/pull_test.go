package bus_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

func TestPull(t *testing.T) {
	broken := errors.New("broken")
	s := bus.Pull(func(to io.Writer) error {
		_, err := io.WriteString(to, "some")
		return errors.Join(err, broken)
	})
	data, err := io.ReadAll(s)
	assert.Equal(t, "some", string(data))
	assert.ErrorIs(t, err, broken, "what the function returns ends the stream")
	require.NoError(t, s.Close())
}

func TestPullClosed(t *testing.T) {
	var written error
	s := bus.Pull(func(to io.Writer) error {
		for written == nil {
			_, written = io.WriteString(to, "more")
		}
		return written
	})
	_, err := io.ReadFull(s, make([]byte, 6))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	assert.ErrorIs(t, written, io.ErrClosedPipe, "a write after Close")
	_, err = s.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.ErrClosedPipe)
}
