package bus_test

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// stream is a reader that counts how often it is closed.
type stream struct {
	io.Reader
	closed int
	err    error
}

func (s *stream) Close() error { s.closed++; return s.err }

func TestNoBody(t *testing.T) {
	var b *bus.Body
	data, err := b.Bytes(0)
	assert.NoError(t, err)
	assert.Nil(t, data)
	assert.Zero(t, b.Size())
	assert.Empty(t, b.MediaType())
	assert.Nil(t, b.Stream())
	assert.NoError(t, b.Close())
	assert.NoError(t, iotest.TestReader(b.Reader(), nil))
	same, err := b.As(bus.Data, 0)
	assert.NoError(t, err)
	assert.Nil(t, same)
}

func TestBytesOfABody(t *testing.T) {
	given := []byte("hello")
	b := bus.NewBody(given, "text/plain")
	assert.Equal(t, int64(5), b.Size())
	assert.Nil(t, b.Stream())
	for range 2 {
		data, err := b.Bytes(5)
		require.NoError(t, err)
		assert.Same(t, unsafe.SliceData(given), unsafe.SliceData(data), "the very array")
		assert.NoError(t, iotest.TestReader(b.Reader(), given), "from its start each time")
	}
	_, err := b.Bytes(4)
	assert.Equal(t, 413, bus.Classify(err).Status)
	assert.Equal(t, bus.TypeBodyTooLarge, bus.Classify(err).Type)
}

func TestBytesOfAStream(t *testing.T) {
	broken := errors.New("disk on fire")
	tests := []struct {
		name   string
		from   io.Reader
		size   int64
		limit  int64
		status int // 0: all went well
		cause  error
		text   string
	}{
		{name: "known size", from: strings.NewReader("hello"), size: 5, limit: 5, text: "hello"},
		{name: "known size over the limit", from: strings.NewReader("hello"), size: 5, limit: 4, status: 413},
		{name: "nothing", from: strings.NewReader(""), size: 0, limit: 0, text: ""},
		{name: "shorter than promised", from: strings.NewReader("hell"), size: 5, limit: 9, status: 400, cause: io.ErrUnexpectedEOF},
		{name: "nothing of what was promised", from: strings.NewReader(""), size: 5, limit: 9, status: 400, cause: io.ErrUnexpectedEOF},
		{name: "longer than promised", from: strings.NewReader("hello!"), size: 5, limit: 9, text: "hello"},
		{name: "breaks", from: io.MultiReader(strings.NewReader("he"), iotest.ErrReader(broken)), size: 5, limit: 9, status: 500, cause: broken},
		{name: "passes an error of its own", from: iotest.ErrReader(bus.Errorf(408, "slow")), size: 5, limit: 9, status: 408},
		{name: "in single bytes", from: iotest.OneByteReader(strings.NewReader("hello")), size: 5, limit: 5, text: "hello"},
		{name: "unknown below the limit", from: strings.NewReader("hell"), size: -1, limit: 5, text: "hell"},
		{name: "unknown at the limit", from: strings.NewReader("hello"), size: -1, limit: 5, text: "hello"},
		{name: "unknown over the limit", from: strings.NewReader("hello!"), size: -1, limit: 5, status: 413},
		{name: "unknown and no limit", from: strings.NewReader("hello"), size: -1, limit: math.MaxInt64, text: "hello"},
		{name: "unknown breaks", from: io.MultiReader(strings.NewReader("he"), iotest.ErrReader(broken)), size: -1, limit: 9, status: 500, cause: broken},
		{name: "unknown breaks at the limit", from: io.MultiReader(strings.NewReader("he"), iotest.ErrReader(broken)), size: -1, limit: 2, status: 500, cause: broken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &stream{Reader: test.from}
			b := bus.NewStream(s, test.size, "text/plain")
			data, err := b.Bytes(test.limit)
			if test.status != 0 {
				require.Error(t, err)
				assert.Nil(t, data)
				assert.Equal(t, test.status, bus.Classify(err).Status)
				if test.cause != nil {
					assert.ErrorIs(t, err, test.cause)
				}
			} else {
				require.NoError(t, err)
				assert.Equal(t, test.text, string(data))
				assert.Equal(t, int64(len(data)), b.Size(), "known from now on")
				assert.Nil(t, b.Stream(), "bytes from now on")
				again, err := b.Bytes(test.limit)
				require.NoError(t, err)
				assert.Same(t, unsafe.SliceData(data), unsafe.SliceData(again))
			}
			require.NoError(t, b.Close())
			require.NoError(t, b.Close())
			assert.Equal(t, 1, s.closed)
		})
	}
}

func TestBytesAllocatesTheExactSize(t *testing.T) {
	b := bus.NewStream(io.NopCloser(strings.NewReader(strings.Repeat("x", 12345))), 12345, "")
	data, err := b.Bytes(1 << 20)
	require.NoError(t, err)
	assert.Equal(t, 12345, cap(data))
}

func TestBodyIsReadOnce(t *testing.T) {
	b := bus.NewStream(io.NopCloser(strings.NewReader("half")), 8, "")
	_, err := b.Bytes(8)
	require.Error(t, err)
	_, err = b.Bytes(8)
	assert.ErrorContains(t, err, "read already")
	_, err = b.Reader().Read(make([]byte, 1))
	assert.ErrorContains(t, err, "read already")
}

func TestBytesReportsWhatCloseSays(t *testing.T) {
	broken := errors.New("checksum differs")
	b := bus.NewStream(&stream{Reader: strings.NewReader("hello"), err: broken}, 5, "")
	_, err := b.Bytes(5)
	assert.ErrorIs(t, err, broken)
}

func TestReaderOfAStreamHoldsItToItsSize(t *testing.T) {
	read := func(text string, size int64) (string, error) {
		data, err := io.ReadAll(bus.NewStream(io.NopCloser(strings.NewReader(text)), size, "").Reader())
		return string(data), err
	}
	text, err := read("hello", 9)
	assert.Equal(t, "hello", text)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	text, err = read("hello", 4)
	assert.Equal(t, "hell", text)
	assert.NoError(t, err)
	text, err = read("hello", -1)
	assert.Equal(t, "hello", text)
	assert.NoError(t, err)
	b := bus.NewStream(io.NopCloser(strings.NewReader("hello")), 5, "")
	assert.NoError(t, iotest.TestReader(b.Reader(), []byte("hello")))
}

func TestFileStaysAFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(name, []byte("hello"), 0o600))
	f, err := os.Open(name)
	require.NoError(t, err)
	b := bus.NewStream(f, 5, "")
	assert.Same(t, f, b.Stream())
	require.NoError(t, b.Close())
	assert.NoError(t, b.Close(), "a file says no to the second")
}

func TestOnClose(t *testing.T) {
	var order []int
	b := bus.NewStream(&stream{Reader: strings.NewReader("")}, -1, "")
	for i := range 3 {
		b.OnClose(func() { order = append(order, i) })
	}
	_, err := b.Bytes(9)
	require.NoError(t, err)
	assert.Empty(t, order, "it is not Close that was called")
	require.NoError(t, b.Close())
	require.NoError(t, b.Close())
	assert.Equal(t, []int{0, 1, 2}, order)

	called := false
	b = bus.NewStream(&stream{Reader: strings.NewReader(""), err: errors.New("no")}, -1, "")
	b.OnClose(func() { called = true })
	assert.Error(t, b.Close())
	assert.True(t, called, "whatever the stream says")
}
