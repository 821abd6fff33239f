package main

import (
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
)

// fault is "fault none", "fault clock DURATION", "fault careless FIELD ..." or
// "fault refuses METHOD": what the S3 server of the command bucket does from now on.
// Its clock is off, it does not compare the conditions in these fields, or it takes
// no requests of a method.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	server := *ts.Value(theServer).(**s3test.Server)
	switch {
	case neg || server == nil:
		ts.Fatalf("there is no bucket")
	case len(args) == 1 && args[0] == "none":
		server.Intercept(nil)
	case len(args) == 2 && args[0] == "clock":
		off, err := time.ParseDuration(args[1])
		ts.Check(err)
		server.Intercept(func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
			forward.ServeHTTP(&late{w, off}, r)
		})
	case len(args) > 1 && args[0] == "careless":
		server.Intercept(func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
			if !slices.ContainsFunc(args[1:], func(field string) bool { return r.Header.Get(field) != "" }) {
				forward.ServeHTTP(w, r)
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "<CompleteMultipartUploadResult/>")
		})
	case len(args) == 2 && args[0] == "refuses":
		server.Intercept(func(w http.ResponseWriter, r *http.Request, forward http.Handler) {
			if r.Method == args[1] {
				s3test.Refuse(w, r, http.StatusForbidden, "AccessDenied")
				return
			}
			forward.ServeHTTP(w, r)
		})
	default:
		ts.Fatalf("usage: fault none | clock DURATION | careless FIELD ... | refuses METHOD")
	}
}

// late answers at another time than it is.
type late struct {
	http.ResponseWriter
	off time.Duration
}

func (l *late) WriteHeader(status int) {
	l.Header().Set("Date", time.Now().Add(l.off).UTC().Format(http.TimeFormat))
	l.ResponseWriter.WriteHeader(status)
}
