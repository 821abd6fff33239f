package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/julienschmidt/httprouter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBareJoint(t *testing.T) {
	upstream := httptest.NewServer(upstreamRouter())
	router := httprouter.New()
	router.GET(farPath, newJoint(strings.TrimPrefix(upstream.URL, "http://")).follow)
	server := httptest.NewServer(router)
	t.Cleanup(server.Close)

	response, body := send(t, "GET", server.URL+farPath, "")
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, "application/json", response.Header.Get("Content-Type"))
	assert.Equal(t, document(1<<10), body)

	upstream.Close()
	response, _ = send(t, "GET", server.URL+farPath, "")
	assert.Equal(t, http.StatusBadGateway, response.StatusCode)
}

func TestPageContent(t *testing.T) {
	page, err := pageContent(`{"title":"T","author":"A","text":"four"}`)
	require.NoError(t, err)
	assert.Equal(t, "<h1>T</h1>\n<p>four (4)</p>\n<p>A</p>\n", page)
}

func TestScenarioBeside(t *testing.T) {
	s := scenario{path: "/a", beside: "/b"}
	assert.Equal(t, "/a", s.of(restspaceSide).path)
	assert.Equal(t, "/b", s.of(bareSide).path)
	s.beside = ""
	assert.Equal(t, "/a", s.of(bareSide).path)
}
