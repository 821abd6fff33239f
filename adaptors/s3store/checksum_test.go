package s3store

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
	"github.com/seed90475182/restspace/bus"
)

func TestChecksumsWithoutAnEndpoint(t *testing.T) {
	server := s3test.Start(t)
	shared, err := newClient(&Config{Region: "us-east-1",
		Credentials: Credentials{AccessKeyID: server.AccessKeyID, SecretAccessKey: server.SecretAccessKey}})
	require.NoError(t, err)
	defer func() { assert.NoError(t, shared.Close()) }()
	shared.api = s3.New(shared.api.Options(), func(o *s3.Options) {
		o.BaseEndpoint, o.UsePathStyle = &server.Endpoint, true
	})
	s := &Store{client: shared, bucket: server.Bucket(t)}
	large := strings.Repeat("x", partSize+1)
	for _, content := range []string{"small", "small", large, large} { // the second of a pair in another way
		var checked atomic.Bool // parts are sent side by side
		server.Intercept(func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
			if r.Method == http.MethodPut && r.Header.Get("X-Amz-Checksum-Crc32") != "" {
				checked.Store(true)
			}
			forward.ServeHTTP(w, r)
		})
		body := bus.NewStream(io.NopCloser(strings.NewReader(content)), -1, "")
		_, err := s.Put(t.Context(), adaptors.Key{"a"}, body, adaptors.Condition{})
		require.NoError(t, err)
		assert.True(t, checked.Load())
	}
	_, err = s.Put(t.Context(), adaptors.Key{"b"}, bus.NewBody([]byte("0123456789"), ""), adaptors.Condition{})
	require.NoError(t, err)
	server.Intercept(func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		answer := httptest.NewRecorder()
		forward.ServeHTTP(answer, r)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		_, _ = w.Write(bytes.ReplaceAll(answer.Body.Bytes(), []byte("5"), []byte("6")))
	})
	body, _, err := s.Get(t.Context(), adaptors.Key{"b"}, adaptors.GetOptions{})
	require.NoError(t, err)
	_, err = body.Bytes(10)
	assert.ErrorContains(t, err, "checksum did not match")
	assert.NoError(t, body.Close())
}
