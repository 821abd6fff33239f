package s3store_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/s3store"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
	"github.com/seed90475182/restspace/bus"
)

func text(s string) *bus.Body { return bus.NewBody([]byte(s), "") }

func put(s *s3store.Store, name, content string, c adaptors.Condition) (adaptors.Info, error) {
	return s.Put(context.Background(), adaptors.Key{name}, text(content), c)
}

func read(t testing.TB, s *s3store.Store, key ...string) string {
	t.Helper()
	body, _, err := s.Get(t.Context(), key, adaptors.GetOptions{})
	require.NoError(t, err)
	data, err := body.Bytes(1 << 30)
	require.NoError(t, err)
	require.NoError(t, body.Close())
	return string(data)
}

// about reports whether a request is one on an object of that name.
func about(r *http.Request, method, name string) bool {
	return r.Method == method && strings.HasSuffix(r.URL.Path, "/"+name)
}

// first answers the first n requests on an object in another way.
func first(n int32, method, name string, answer func(w http.ResponseWriter, r *http.Request, forward http.Handler)) s3test.Interceptor {
	var seen atomic.Int32
	return func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if about(r, method, name) && seen.Add(1) <= n {
			answer(w, r, forward)
			return
		}
		forward.ServeHTTP(w, r)
	}
}

func refusal(status int, code string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) { s3test.Refuse(w, r, status, code) }
}

// lost has the server do what is asked for, and cuts the connection then.
func lost(_ http.ResponseWriter, r *http.Request, forward http.Handler) {
	forward.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

const always = 1 << 30

func TestOutages(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	_, err := put(s, "warm", "up", adaptors.Condition{Absent: true}) // the ability is known
	require.NoError(t, err)
	none, absent := adaptors.Condition{}, adaptors.Condition{Absent: true}
	for _, row := range []struct {
		what, name string
		condition  adaptors.Condition
		fault      s3test.Interceptor
		status     int // 0 is success
	}{
		{"an outage that passes", "a0", absent, first(1, http.MethodPut, "a0", refusal(500, "InternalError")), 0},
		{"a server that asks for less", "a1", absent, first(1, http.MethodPut, "a1", refusal(503, "SlowDown")), 0},
		{"an answer that is lost", "a2", absent, first(1, http.MethodPut, "a2", lost), 0},
		{"all answers that are lost", "a3", absent, first(always, http.MethodPut, "a3", lost), 0},
		{"a conflict", "a4", absent, first(1, http.MethodPut, "a4", refusal(409, "ConditionalRequestConflict")), 0},
		{"an outage", "a5", absent, first(always, http.MethodPut, "a5", refusal(500, "InternalError")), 503},
		{"an answer that is lost, without a condition", "b2", none, first(1, http.MethodPut, "b2", lost), 0},
		{"a conflict, without a condition", "b4", none, first(1, http.MethodPut, "b4", refusal(409, "ConditionalRequestConflict")), 0},
		{"an outage of looking, which nobody does", "a6", absent, first(always, http.MethodHead, "a6", refusal(503, "SlowDown")), 0},
		{"an outage of looking", "b6", none, first(always, http.MethodHead, "b6", refusal(503, "SlowDown")), 503},
		{"conflicts that last", "a8", absent, first(always, http.MethodPut, "a8", refusal(409, "ConditionalRequestConflict")), 503},
		{"a server that is full", "a9", absent, first(always, http.MethodPut, "a9", refusal(507, "XMinioStorageFull")), 507},
		{"a refusal", "a7", absent, first(always, http.MethodPut, "a7", refusal(403, "AccessDenied")), 500},
	} {
		t.Run(row.what, func(t *testing.T) {
			server.Intercept(row.fault)
			info, err := put(s, row.name, "content", row.condition)
			server.Intercept(nil)
			if row.status == 0 {
				require.NoError(t, err)
				assert.True(t, info.Created)
				assert.Equal(t, "content", read(t, s, row.name))
				return
			}
			require.Error(t, err)
			failed := bus.Classify(err)
			assert.Equal(t, row.status, failed.Status)
			assert.Equal(t, row.status == 503, failed.Header.Get("Retry-After") != "")
			_, _, err = s.Get(t.Context(), adaptors.Key{row.name}, adaptors.GetOptions{})
			assert.ErrorIs(t, err, fs.ErrNotExist)
		})
	}
}

func TestServerThatIgnoresConditions(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	before, err := put(s, "a", "old", adaptors.Condition{})
	require.NoError(t, err)
	server.Intercept(func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if r.Header.Get("If-Match") != "" || r.Header.Get("If-None-Match") != "" {
			w.Header().Set("ETag", `"1"`)
			if r.Method == http.MethodPost {
				_, _ = w.Write([]byte(`<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>`))
			}
			return
		}
		forward.ServeHTTP(w, r)
	})
	match := adaptors.Condition{Match: []string{before.ETag}}
	putLarge := func(name string, c adaptors.Condition) error {
		_, err := s.Put(t.Context(), adaptors.Key{name}, noise0(9<<20), c)
		return err
	}
	for _, row := range []struct {
		write func() error
		says  string
	}{
		{func() error { _, err := put(s, "b", "new", adaptors.Condition{Absent: true}); return err }, "that a document is not there yet"},
		{func() error { _, err := put(s, "a", "new", match); return err }, "that a document is the one that was read"},
		{func() error { return s.Delete(t.Context(), adaptors.Key{"a"}, match) }, "that the document to delete is the one that was read"},
		{func() error { return putLarge("b", adaptors.Condition{Absent: true}) }, "that a large document is not there yet"},
		{func() error { return putLarge("a", match) }, "that a large document is the one that was read"},
	} {
		for range 2 { // the second one asks nothing
			failed := bus.Classify(row.write())
			assert.Equal(t, http.StatusNotImplemented, failed.Status, row.says)
			assert.Contains(t, failed.Detail, row.says+":")
		}
	}
	_, err = put(s, "c", "new", adaptors.Condition{})
	assert.NoError(t, err, "without a condition")
	server.Intercept(nil)
	assert.Equal(t, "old", read(t, s, "a"))
	assert.Equal(t, []string{"a", "c"}, list(t, s))
}

func list(t testing.TB, s *s3store.Store, prefix ...string) []string {
	t.Helper()
	names := []string{}
	for info, err := range s.List(t.Context(), prefix, adaptors.ListOptions{}) {
		require.NoError(t, err)
		names = append(names, info.Name)
	}
	return names
}

func TestBucketThatIsMissing(t *testing.T) {
	server := s3test.Start(t)
	c := configOf(t, server)
	s := open(t, c)
	server.RemoveBucket(t, c.Bucket)
	_, _, err := s.Get(t.Context(), adaptors.Key{"a"}, adaptors.GetOptions{})
	require.Error(t, err)
	assert.NotErrorIs(t, err, fs.ErrNotExist)
	_, _, err = s.Get(t.Context(), adaptors.Key{"a"}, adaptors.GetOptions{Meta: true})
	assert.ErrorContains(t, err, "bucket "+c.Bucket+" does not exist: make it, or write another one")
	assert.NotErrorIs(t, err, fs.ErrNotExist)
	_, err = put(s, "a", "x", adaptors.Condition{})
	assert.Error(t, err)
	for _, err := range s.List(t.Context(), nil, adaptors.ListOptions{}) {
		assert.Error(t, err)
		assert.False(t, errors.Is(err, fs.ErrNotExist))
	}
	_, err = s3store.Open(t.Context(), c, adaptors.Env{})
	assert.ErrorContains(t, err, "bucket "+c.Bucket+" does not exist: make it, or write another one")
}

func TestWrongCredentials(t *testing.T) {
	c := configOf(t, s3test.Start(t))
	c.Credentials.SecretAccessKey = "hidden"
	_, err := s3store.Open(t.Context(), c, adaptors.Env{})
	assert.EqualError(t, err, "bucket "+c.Bucket+": the secret is not that of the access key: write another one as secretAccessKey")
	c.Credentials.AccessKeyID = "unknown"
	_, err = s3store.Open(t.Context(), c, adaptors.Env{})
	assert.EqualError(t, err, "bucket "+c.Bucket+": the server does not know the access key: write another one as accessKeyId")
}

// TestErrorsOfAStart holds that they say what of the config is wrong.
func TestErrorsOfAStart(t *testing.T) {
	server := s3test.Start(t)
	c := configOf(t, server)
	for _, row := range []struct {
		status int
		code   string
		says   string
	}{
		{400, "AuthorizationHeaderMalformed", `: it is not in the region "us-east-1", or the server is not: write another one as "region" (AuthorizationHeaderMalformed)`},
		{400, "InvalidBucketName", ": the server takes no such name for a bucket: write another one"},
		{400, "ExpiredToken", ": the credentials have ended, or the session token is not theirs: get new ones"},
		{403, "AccessDenied", ": the credentials may not list it: give them the right to, or write other ones (AccessDenied)"},
		{400, "Odd", ": the server refuses to list it: Odd"},
	} {
		server.Intercept(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			s3test.Refuse(w, r, row.status, row.code)
		})
		_, err := s3store.Open(t.Context(), c, adaptors.Env{})
		assert.EqualError(t, err, "bucket "+c.Bucket+row.says)
	}
	c.Endpoint = strings.Replace(server.Endpoint, "http:", "https:", 1)
	_, err := s3store.Open(t.Context(), c, adaptors.Env{})
	assert.EqualError(t, err, "bucket "+c.Bucket+": the endpoint "+c.Endpoint+" does not speak TLS: write http:// in place of https://")
	assert.Equal(t, http.StatusServiceUnavailable, bus.Classify(err).Status)
	c.Endpoint = "http://127.0.0.1:1"
	_, err = s3store.Open(t.Context(), c, adaptors.Env{})
	assert.ErrorContains(t, err, "bucket "+c.Bucket+": the endpoint http://127.0.0.1:1 can't be reached: dial tcp 127.0.0.1:1: ")
	assert.NotContains(t, err.Error(), "RequestID")
}

func TestEndpointThatDoesNotAnswer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	c := s3store.Config{Bucket: "notes", Endpoint: "http://" + listener.Addr().String(),
		Credentials: s3store.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = s3store.Open(ctx, c, adaptors.Env{})
	assert.EqualError(t, err, "bucket notes: the endpoint "+c.Endpoint+" does not answer: check that it runs, and what is between")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestWrongRegion(t *testing.T) {
	server := s3test.Start(t)
	c := configOf(t, server)
	for _, status := range []int{http.StatusMovedPermanently, http.StatusBadRequest, http.StatusForbidden} {
		server.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("X-Amz-Bucket-Region", "eu-central-1")
			w.Header().Set("Location", "https://elsewhere.example.com") // where no credentials go
			w.WriteHeader(status)
		})
		_, err := s3store.Open(t.Context(), c, adaptors.Env{})
		assert.ErrorContains(t, err, "bucket "+c.Bucket+` is in the region "eu-central-1", not in "us-east-1": write that as "region"`)
	}
}

func TestTrialsWhoseAnswerIsLost(t *testing.T) {
	server := s3test.Start(t)
	c := configOf(t, server)
	s := open(t, c)
	server.Intercept(func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/.try-") {
			lost(w, r, forward)
		}
		forward.ServeHTTP(w, r)
	})
	_, err := put(s, "a", "x", adaptors.Condition{Absent: true})
	assert.Equal(t, http.StatusServiceUnavailable, bus.Classify(err).Status)
	left, err := filepath.Glob(filepath.Join(server.Dir(c.Bucket), ".try-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}
