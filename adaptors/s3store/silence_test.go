package s3store

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
	"github.com/seed90475182/restspace/bus"
)

func TestAServerThatStalls(t *testing.T) {
	server := s3test.Start(t)
	c := Config{Bucket: server.Bucket(t), Endpoint: server.Endpoint,
		Credentials: Credentials{AccessKeyID: server.AccessKeyID, SecretAccessKey: server.SecretAccessKey}}
	s, err := Open(t.Context(), c, adaptors.Env{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	s.transport.silence = 50 * time.Millisecond
	for what, ask := range map[string]func() error{
		"content": func() error {
			body, _, err := s.Get(t.Context(), adaptors.Key{"a"}, adaptors.GetOptions{})
			require.NoError(t, err)
			_, err = io.Copy(io.Discard, body.Reader())
			assert.NoError(t, body.Close())
			return err
		},
		"a listing": func() (err error) {
			for _, err = range s.List(t.Context(), nil, adaptors.ListOptions{}) {
			}
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			left := make(chan struct{})
			server.Intercept(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
				w.Header().Set("Content-Length", "1000")
				_, _ = io.WriteString(w, "<ListBucketResult>")
				assert.NoError(t, http.NewResponseController(w).Flush())
				<-r.Context().Done()
				close(left)
			})
			err := ask()
			assert.ErrorContains(t, err, "the server has sent nothing more of its answer for 50ms")
			assert.Equal(t, http.StatusServiceUnavailable, bus.Classify(err).Status)
			select {
			case <-left:
			case <-time.After(10 * time.Second):
				t.Error("the connection is still there")
			}
		})
	}
}

func TestSilence(t *testing.T) {
	for _, row := range []struct {
		what           string
		writes, thinks time.Duration // before each byte
		says           string
	}{
		{"a server that is slow", maxSilence - 1, 0, ""},
		{"a reader that is slow", 0, 2 * maxSilence, ""},
		{"a server that is silent", maxSilence + 1, 0, "the server has sent nothing more of its answer for 30s"},
	} {
		t.Run(row.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answer, server := io.Pipe()
				written := make(chan struct{})
				go func() {
					for range 3 {
						time.Sleep(row.writes)
						_, _ = server.Write([]byte("x"))
					}
					_ = server.Close()
					close(written)
				}()
				body, read, err := await(answer, maxSilence), 0, error(nil)
				for err == nil {
					time.Sleep(row.thinks)
					began, n := time.Now(), 0
					n, err = body.Read(make([]byte, 1))
					read += n
					assert.LessOrEqual(t, time.Since(began), maxSilence)
				}
				<-written
				if row.says == "" {
					assert.Equal(t, io.EOF, err)
					assert.Equal(t, 3, read)
					return
				}
				assert.ErrorContains(t, err, row.says)
				assert.Zero(t, read)
			})
		})
	}
}
