package s3test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// An Interceptor answers a request to the server itself, or has forward answer
// it.
type Interceptor func(w http.ResponseWriter, r *http.Request, forward http.Handler)

// front stands before the server. It lets a test break answers, and makes up
// for what the server does otherwise than Amazon's: that one compares the
// condition of a deletion in the same moment in which it deletes, and says so
// where there is nothing to delete.
type front struct {
	root      string
	forward   http.Handler
	deletion  sync.RWMutex // held for writing by one that deletes
	intercept atomic.Pointer[Interceptor]
}

// newFront starts one before the server at address. It returns its own URL.
func newFront(t testing.TB, address, root string) (f *front, endpoint string) {
	target := &url.URL{Scheme: "http", Host: address}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	f = &front{root: root, forward: &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // it is signed
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}}
	server := httptest.NewServer(f)
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	return f, server.URL
}

// ServeHTTP is part of http.Handler.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if intercept := f.intercept.Load(); intercept != nil {
		(*intercept)(w, r, http.HandlerFunc(f.pass))
		return
	}
	f.pass(w, r)
}

func (f *front) pass(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodDelete:
		f.deletion.Lock()
		defer f.deletion.Unlock()
		_, err := os.Stat(filepath.Join(f.root, filepath.FromSlash(r.URL.Path)))
		if r.Header.Get("If-Match") != "" && err != nil {
			Refuse(w, r, http.StatusNotFound, "NoSuchKey")
			return
		}
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		f.deletion.RLock()
		defer f.deletion.RUnlock()
	}
	f.forward.ServeHTTP(w, r)
}

// Refuse answers with an error as S3 writes them. It reads the body of the
// request first: a client that still sends one when the connection ends may see
// that, and not the answer.
func Refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>` + code + `</Message></Error>`))
}
