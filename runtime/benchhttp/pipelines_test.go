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

func TestMadeContent(t *testing.T) {
	made, err := madeContent(`{"title":"T","author":"A","text":"four"}`)
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"T","by":"A","content":"four","size":4}`, made)
}

func TestScenarioBeside(t *testing.T) {
	s := scenario{path: "/a", beside: "/b"}
	assert.Equal(t, "/a", s.of(restspaceSide).path)
	assert.Equal(t, "/b", s.of(bareSide).path)
	s.beside = ""
	assert.Equal(t, "/a", s.of(bareSide).path)
}
