package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/julienschmidt/httprouter"
)

// A joint answers with the document that another one names, both of them from
// the upstream.
type joint struct {
	client *http.Client
	base   string
}

// newJoint returns the handler for the upstream at an address, set up as for
// much load: it keeps a connection for each request in flight.
func newJoint(address string) *joint {
	return &joint{base: "http://" + address + "/", client: &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 1024,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
	}}}
}

func (j *joint) follow(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	var first struct{ Next string }
	content, _, err := j.get(r.Context(), firstDocument)
	if err == nil {
		err = json.Unmarshal(content, &first)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	content, mediaType, err := j.get(r.Context(), url.PathEscape(first.Next))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // the client has gone
}

// get reads a document.
func (j *joint) get(ctx context.Context, path string) (content []byte, mediaType string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, j.base+path, nil)
	if err != nil {
		return nil, "", err
	}
	response, err := j.client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("%s: %s", path, response.Status)
	}
	if response.ContentLength < 0 {
		content, err = io.ReadAll(response.Body)
	} else {
		content = make([]byte, response.ContentLength)
		_, err = io.ReadFull(response.Body, content)
	}
	return content, response.Header.Get("Content-Type"), err
}
