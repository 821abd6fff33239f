package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// proxyPath is the base path of the proxies.
const proxyPath = "/up"

// newProxy returns the reverse proxy of the standard library in front of the
// upstream at an address, set up as for much load: it keeps a connection for
// each request in flight and reuses its buffers.
func newProxy(address string) *httputil.ReverseProxy {
	upstream := &url.URL{Scheme: "http", Host: address}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Path = strings.TrimPrefix(r.Out.URL.Path, proxyPath)
			r.SetURL(upstream)
			r.SetXForwarded()
		},
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 1024,
			IdleConnTimeout:     time.Minute,
			DisableCompression:  true,
		},
		BufferPool: new(pool),
		ErrorLog:   log.New(io.Discard, "", 0),
	}
}

// Get is part of httputil.BufferPool.
func (p *pool) Get() []byte { return p.take()[:] }

// Put is part of httputil.BufferPool.
func (p *pool) Put(b []byte) { p.put((*[bufferSize]byte)(b)) }
