package documents

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// write answers PUT, and POST to a document.
func (d *Documents) write(ctx context.Context, m *bus.Message, key adaptors.Key) (*bus.Message, error) {
	c, err := parseConditions(m.Header)
	if err != nil {
		return nil, err
	}
	body, err := d.accept(m)
	if err != nil {
		return nil, err
	}
	info, err := d.put(ctx, key, body, c.Condition)
	if err != nil {
		return nil, err
	}
	reply := stored(m.URL.Path, &info)
	if m.Method == http.MethodPost {
		if reply.Body, err = d.echo(ctx, key, body); err != nil {
			return nil, err
		}
	}
	return reply, nil
}

// stored is the answer to a write of the document at a path. It has no body.
func stored(path []string, info *adaptors.Info) *bus.Message {
	reply := bus.Reply(http.StatusOK, nil)
	reply.Header = make(bus.Header, 0, 3)
	if info.Created {
		reply.Status = http.StatusCreated
		reply.Header.Add("Location", urlpattern.Path{Segments: path}.String())
	}
	if info.ETag != "" {
		reply.Header.Add("ETag", `"`+info.ETag+`"`)
	}
	return reply
}

// echo returns the document that was stored as body: the same bytes where they
// are in memory.
func (d *Documents) echo(ctx context.Context, key adaptors.Key, body *bus.Body) (*bus.Body, error) {
	if d.JSON && d.guard == nil {
		data, err := body.Bytes(d.MaxBody)
		return bus.NewBody(data, body.MediaType()), err
	}
	body, _, err := d.Keep.Get(ctx, key, adaptors.GetOptions{})
	return body, err
}

// accept returns the body of a write as it is to be stored. known are the keys
// that the query may have.
func (d *Documents) accept(m *bus.Message, known ...string) (*bus.Body, error) {
	if err := checkQuery(m.URL.Query, known...); err != nil {
		return nil, err
	}
	if m.Header.Has("Content-Range") { // RFC 9110 section 14.5
		return nil, bus.Errorf(http.StatusBadRequest, "a part of a document can't be written: send all of it, without Content-Range")
	}
	if m.Body.Size() == 0 {
		return nil, noBody()
	}
	if d.JSON {
		return d.acceptJSON(m)
	}
	if strings.HasPrefix(m.Body.MediaType(), "multipart/form-data") {
		return nil, bus.Errorf(http.StatusUnsupportedMediaType, "a form is not taken apart here: send the file itself as the body")
	}
	return notEmpty(m.Body)
}

func noBody() error {
	return bus.Errorf(http.StatusBadRequest, "the request has no body: send the document in it")
}

// notEmpty returns a body of the same bytes as b, and an error of status 400 if
// there are none.
func notEmpty(b *bus.Body) (*bus.Body, error) {
	if b.Size() >= 0 {
		return b, nil
	}
	first := make([]byte, 1)
	if _, err := io.ReadFull(b.Stream(), first); err != nil {
		if errors.Is(err, io.EOF) {
			err = noBody()
		}
		return nil, err
	}
	whole := struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(first), b.Stream()), b}
	return bus.NewStream(whole, -1, b.MediaType()), nil
}

// acceptJSON returns the body of a write as JSON that was checked. From outside
// it must be JSON; a service may send anything, which is converted.
func (d *Documents) acceptJSON(m *bus.Message) (*bus.Body, error) {
	data, err := d.dataOf(m, isJSON)
	if err != nil {
		return nil, err
	}
	return bus.NewBody(data, mediaTypeJSON), nil
}

// dataOf returns the bytes of a JSON body whose media type is taken. No type at
// all is JSON.
func (d *Documents) dataOf(m *bus.Message, taken func(mediaType string) bool) ([]byte, error) {
	body := m.Body
	if m.Depth > 0 && body.MediaType() != "" {
		converted, err := body.As(bus.Data, d.MaxBody)
		if err != nil {
			return nil, err
		}
		body = converted
	} else if t := body.MediaType(); t != "" && !taken(t) {
		return nil, bus.Errorf(http.StatusUnsupportedMediaType, "the body is %q: send application/json in UTF-8", t)
	}
	data, err := body.Bytes(d.MaxBody)
	switch {
	case err != nil:
		return nil, err
	case len(data) == 0:
		return nil, noBody()
	}
	return data, CheckJSON(data)
}

const mediaTypeJSON = "application/json"

// isJSON reports whether a media type is JSON in UTF-8.
func isJSON(mediaType string) bool {
	charset := bus.Charset(mediaType)
	return bus.PayloadOf(mediaType) == bus.Data && (charset == "" || charset == "utf-8")
}
