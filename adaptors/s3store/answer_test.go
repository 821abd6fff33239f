package s3store_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
)

func TestObjectsThatGoBeforeTheyAreReplaced(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	for _, content := range []string{"new", strings.Repeat("x", 9<<20)} {
		before, err := put(s, "a", "old", adaptors.Condition{})
		require.NoError(t, err)
		gone := false
		server.Intercept(func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/a") && r.Header.Get("If-Match") != "":
				gone = true
				s3test.Refuse(w, r, http.StatusNotFound, "NoSuchKey")
			case gone && about(r, http.MethodHead, "a"):
				w.WriteHeader(http.StatusNotFound)
			default:
				forward.ServeHTTP(w, r)
			}
		})
		_, err = put(s, "a", content, adaptors.Condition{Match: []string{before.ETag}})
		server.Intercept(nil)
		assert.ErrorIs(t, err, adaptors.ErrCondition)
	}
}

func TestETagsThatAreNone(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	for _, etag := range []string{`W/"abc"`, `"a"b"`, `"a b"`, "\"\u00e9\""} {
		server.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("ETag", etag)
		})
		_, info, err := s.Get(t.Context(), adaptors.Key{"a"}, adaptors.GetOptions{Meta: true})
		require.NoError(t, err)
		assert.Empty(t, info.ETag, etag)
	}
}

func TestAnswersWithoutAnETag(t *testing.T) {
	server := s3test.Start(t)
	s := open(t, configOf(t, server))
	server.Intercept(first(always, http.MethodPut, "a", func(_ http.ResponseWriter, r *http.Request, forward http.Handler) {
		forward.ServeHTTP(httptest.NewRecorder(), r)
	}))
	stored, err := put(s, "a", "content", adaptors.Condition{})
	server.Intercept(nil)
	require.NoError(t, err)
	_, info, err := s.Get(t.Context(), adaptors.Key{"a"}, adaptors.GetOptions{Meta: true})
	require.NoError(t, err)
	stored.Created = false
	assert.Equal(t, info, stored)
}
