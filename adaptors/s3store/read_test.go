package s3store_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
)

func TestContentThatIsNotWhatWasAskedFor(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	_, err := put(s, "a", "0123456789", adaptors.Condition{})
	require.NoError(t, err)
	middle := &adaptors.Range{First: 3, Last: 5}
	for _, row := range []struct {
		what   string
		of     *adaptors.Range
		answer string
		says   string
	}{
		{"another range", middle, "206 A\r\nContent-Length: 3\r\nContent-Range: bytes 0-2/10\r\n\r\n012", "the server gives 3 bytes from 0 on where 3 from 3 on were asked for"},
		{"less of it", middle, "206 A\r\nContent-Length: 2\r\nContent-Range: bytes 3-4/10\r\n\r\n34", "the server gives 2 bytes from 3 on where 3 from 3 on were asked for"},
		{"less than it says", middle, "206 A\r\nContent-Length: 2\r\nContent-Range: bytes 3-5/10\r\n\r\n34", "the server gives 2 bytes from 3 on where 3 from 3 on were asked for"},
		{"all of it", middle, "200 A\r\nContent-Length: 10\r\n\r\n0123456789", "the server gives 10 bytes from 0 on where 3 from 3 on were asked for"},
		{"no size", middle, "206 A\r\nContent-Length: 3\r\nContent-Range: bytes 3-5/*\r\n\r\n345", `the server says Content-Range: "bytes 3-5/*", which tells no size`},
		{"a part", nil, "206 A\r\nContent-Length: 3\r\nContent-Range: bytes 0-2/10\r\n\r\n012", "the server gives 3 bytes from 0 on where 10 from 0 on were asked for"},
		{"no length", nil, "200 A\r\nConnection: close\r\n\r\n012", "the server does not say how long the object is"},
		{"broken", nil, "200 A\r\nContent-Length: 10\r\n\r\n012", "unexpected EOF"},
	} {
		t.Run(row.what, func(t *testing.T) {
			server.Intercept(first(always, http.MethodGet, "a", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if assert.NoError(t, err) {
					_, _ = io.WriteString(conn, "HTTP/1.1 "+row.answer)
					_ = conn.Close()
				}
			}))
			defer server.Intercept(nil)
			body, _, err := s.Get(t.Context(), adaptors.Key{"a"}, adaptors.GetOptions{Range: row.of})
			if err == nil {
				_, err = io.ReadAll(body.Reader())
				_ = body.Close()
			}
			assert.EqualError(t, err, row.says)
		})
	}
}

func TestRangeOfWhatGrows(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	_, err := put(s, "a", "0123456789", adaptors.Condition{})
	require.NoError(t, err)
	server.Intercept(first(1, http.MethodGet, "a", refusal(http.StatusRequestedRangeNotSatisfiable, "InvalidRange")))
	body, info, err := s.Get(t.Context(), adaptors.Key{"a"}, adaptors.GetOptions{Range: &adaptors.Range{First: 8, Last: -1}})
	require.NoError(t, err)
	data, err := body.Bytes(10)
	require.NoError(t, err)
	assert.Equal(t, "89", string(data))
	assert.Equal(t, int64(10), info.Size)
}
