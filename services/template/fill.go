package template

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents"
)

// maxPage is the most bytes that a filled template may have, unless more is
// allowed for bodies.
const maxPage = 8 << 20

// fill answers with the template filled with the body.
func (s *service) fill(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	data, err := s.data(m)
	if err != nil {
		return nil, err
	}
	key := adaptors.Key(m.ServicePath())
	name := key.String()
	source, err := s.sources.get(ctx, name, key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &bus.Error{Status: http.StatusNotFound, Err: err,
			Detail: "no template is here: PUT makes one, and GET of the directory lists what there is"}
	case err != nil:
		return nil, err
	}
	to := page{most: max(maxPage, int(s.limit))}
	to.Grow(len(source.text) + len(data))
	err = s.engine.Render(ctx, &to, adaptors.Template{
		Name: name, Version: source.etag, Source: source.text, Partial: s.sources.partial,
	}, data)
	if err != nil {
		return nil, withStatus(err, http.StatusBadRequest, http.StatusUnprocessableEntity) // a plugin says 400
	}
	return bus.Reply(http.StatusOK, bus.NewBody(to.Bytes(), mediaType(key[len(key)-1]))), m.Close()
}

// withStatus returns an error of an engine with another status, if it has the
// one given.
func withStatus(err error, from, to int) error {
	known, ok := errors.AsType[*bus.Error](err)
	if !ok || known.Status != from {
		return err
	}
	other := *known
	other.Status = to
	return &other
}

// data returns the body of a request that fills a template.
func (s *service) data(m *bus.Message) ([]byte, error) {
	data, err := m.Body.Bytes(s.limit)
	switch {
	case err != nil:
		return nil, err
	case len(data) == 0:
		return []byte("{}"), nil
	case m.Body.Payload() != bus.Data:
		return nil, bus.Errorf(http.StatusUnsupportedMediaType, "a template is filled with JSON: send it with Content-Type: application/json")
	}
	return data, documents.CheckJSON(data)
}

// mediaType returns that of a filled template. What is not known is a text.
func mediaType(name string) string {
	if t := adaptors.MediaType(name); t != "application/octet-stream" {
		return t
	}
	return "text/plain; charset=utf-8"
}

// page is what has been written of a filled template.
type page struct {
	bytes.Buffer
	most int
}

// Write is part of io.Writer.
func (p *page) Write(text []byte) (int, error) {
	if len(text) > p.most-p.Len() {
		return 0, &bus.Error{Status: http.StatusUnprocessableEntity, Type: bus.TypeBodyTooLarge,
			Detail: fmt.Sprintf("the filled template is larger than %d bytes: send less data, or raise maxBody", p.most)}
	}
	return p.Buffer.Write(text)
}
