package bus_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

func TestPayloadOf(t *testing.T) {
	for mediaType, want := range map[string]bus.Payload{
		"application/json":                  bus.Data,
		"Application/JSON; charset=utf-8":   bus.Data,
		"application/problem+json":          bus.Data,
		" application/json ;q=1":            bus.Data,
		"text/html":                         bus.Text,
		"TEXT/plain;charset=latin1":         bus.Text,
		"application/xml":                   bus.Text,
		"image/svg+xml":                     bus.Text,
		"application/javascript":            bus.Text,
		"":                                  bus.Binary,
		"image/png":                         bus.Binary,
		"application/jsonx":                 bus.Binary,
		"application/x-www-form-urlencoded": bus.Binary,
	} {
		assert.Equal(t, want, bus.PayloadOf(mediaType), mediaType)
	}
}

func TestAs(t *testing.T) {
	const (
		data   = "application/json"
		text   = "text/plain; charset=utf-8"
		binary = "application/octet-stream"
	)
	tests := []struct {
		name, from, in string
		kind           bus.Payload
		out, mediaType string
	}{
		{"data to text", data, `{"a": 1.10}`, bus.Text, `{"a": 1.10}`, text},
		{"data to binary", data, `[1]`, bus.Binary, `[1]`, binary},
		{"text to binary", "text/html", "é", bus.Binary, "é", binary},
		{"text to data", "text/html", "a\"b\n<é>", bus.Data, `"a\"b\n<é>"`, data},
		{"binary to text", "image/png", "\x00\xff", bus.Text, "AP8=", text},
		{"binary to data", "", "\x00\xff", bus.Data, `"AP8="`, data},
		{"nothing to data", "text/plain", "", bus.Data, `""`, data},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := []byte(test.in)
			closed := false
			from := bus.NewBody(before, test.from)
			from.OnClose(func() { closed = true })
			b, err := from.As(test.kind, 100)
			require.NoError(t, err)
			got, err := b.Bytes(100)
			require.NoError(t, err)
			assert.Equal(t, test.out, string(got))
			assert.Equal(t, int64(len(got)), b.Size())
			assert.Equal(t, test.mediaType, b.MediaType())
			assert.Equal(t, test.in, string(before), "bytes are never changed")
			assert.False(t, closed, "the new body may share its bytes")
			require.NoError(t, b.Close())
			assert.True(t, closed)
		})
	}
}

func TestAsItself(t *testing.T) {
	b := bus.NewBody([]byte("{}"), "application/problem+json")
	same, err := b.As(bus.Data, 0)
	require.NoError(t, err)
	assert.Same(t, b, same)
}

func TestAsRefuses(t *testing.T) {
	_, err := bus.NewBody([]byte("\xff"), "text/plain").As(bus.Data, 9)
	assert.Equal(t, 400, bus.Classify(err).Status)
	_, err = bus.NewBody([]byte("long"), "text/plain").As(bus.Data, 3)
	assert.Equal(t, 413, bus.Classify(err).Status)
}

func TestCharset(t *testing.T) {
	for mediaType, want := range map[string]string{
		"":                            "",
		"text/plain":                  "",
		"text/plain; charset=UTF-8":   "utf-8",
		`text/plain; charset="utf-8"`: "utf-8",
		"text/plain; format=flowed":   "",
		"text/plain; charset":         "invalid",
	} {
		assert.Equal(t, want, bus.Charset(mediaType), mediaType)
	}
}
