package s3store_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
)

// hasty is a server that compares a condition, and writes later: once somebody else
// has compared, too.
type hasty struct {
	server http.Handler
	field  string // the condition
	meet   chan struct{}
}

func (h *hasty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut && r.Header.Get(h.field) != "" {
		now := httptest.NewRecorder()
		h.server.ServeHTTP(now, httptest.NewRequest(http.MethodHead, r.URL.Path, nil))
		exists := now.Code == http.StatusOK
		if h.field == "If-None-Match" && exists || h.field == "If-Match" && now.Header().Get("ETag") != r.Header.Get("If-Match") {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		select {
		case h.meet <- struct{}{}:
		case <-h.meet:
		case <-time.After(time.Second): // the last of an odd number is alone
		}
		r.Header.Del(h.field)
	}
	h.server.ServeHTTP(w, r)
}

func TestExaminationOfServerThatComparesTooEarly(t *testing.T) {
	for _, field := range []string{"If-Match", "If-None-Match", "none"} {
		backend := s3mem.New()
		require.NoError(t, backend.CreateBucket("bucket"))
		server := httptest.NewServer(&hasty{gofakes3.New(backend).Server(), field, make(chan struct{})})
		problems := examined(t, server.URL, adaptors.Problem)
		server.Close()
		if field == "none" {
			assert.Empty(t, problems)
			continue
		}
		require.Len(t, problems, 1, field)
		assert.Regexp(t, `^bucket bucket: the server let [2-8] of 8 writers win at once that had a condition which only the first one meets: it does not compare it in the moment of the write$`, problems[0], field)
	}
}
