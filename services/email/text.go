package email

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// The media types of the texts of a mail.
const (
	plainType = "text/plain; charset=utf-8"
	htmlType  = "text/html; charset=utf-8"
)

// content is the text of a mail: plain, HTML, or both.
type content struct{ plain, html *bus.Body }

// add adds a body that is text, of up to limit bytes.
func (c *content) add(b *bus.Body, limit int64) error {
	mediaType, params, err := mime.ParseMediaType(b.MediaType())
	if charset := strings.ToLower(params["charset"]); err != nil || charset != "" && charset != "utf-8" && charset != "us-ascii" {
		return fmt.Errorf("the text is of the type %.100q: a mail needs one in UTF-8", b.MediaType())
	}
	data, err := b.Bytes(limit)
	if err != nil {
		return err
	}
	if !utf8.Valid(data) {
		return errors.New("the text is not UTF-8")
	}
	switch {
	case mediaType == "text/html":
		c.html = bus.NewBody(data, htmlType)
	case mediaType == "text/plain" || mediaType == "text/markdown":
		c.plain = bus.NewBody(data, plainType)
	default:
		return fmt.Errorf("the text is of the type %.100q: a mail needs text/plain or text/html", mediaType)
	}
	return nil
}

// bodies returns the text as a mail has it: HTML beside plain text, or one alone.
func (c *content) bodies() (body, html *bus.Body) {
	if c.plain == nil {
		return c.html, nil
	}
	return c.plain, c.html
}

// render has the template mount fill a template with data. A name without an
// extension is that of two templates: one of both has to be there.
func (s *service) render(ctx context.Context, m *bus.Message, template string, data []byte) (*content, error) {
	names := []string{template}
	if path.Ext(template) == "" {
		names = []string{template + ".txt", template + ".html"}
	}
	text := new(content)
	for _, name := range names {
		reply, err := s.call(ctx, m, name, data)
		if len(names) > 1 && err != nil && bus.Classify(err).Status == http.StatusNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		err = errors.Join(text.add(reply.Body, s.limits.Body), reply.Close())
		if err != nil {
			return nil, withStatus(http.StatusBadRequest, fmt.Errorf("template %q: %w", name, err))
		}
	}
	if text.plain == nil && text.html == nil {
		return nil, bus.Errorf(http.StatusNotFound, "there is no template %s: PUT one of both", strings.Join(names, " and no template "))
	}
	return text, nil
}

// withStatus gives an error a status, unless it has one: the text of it is for
// the client.
func withStatus(status int, err error) error {
	if _, ok := errors.AsType[*bus.Error](err); ok {
		return err
	}
	return &bus.Error{Status: status, Detail: err.Error()}
}

// call fills one template. Any status but those of success is an error.
func (s *service) call(ctx context.Context, m *bus.Message, name string, data []byte) (*bus.Message, error) {
	url := urlpattern.URL{Path: append(s.templates[:len(s.templates):len(s.templates)], name)}
	reply, err := s.bus.Serve(ctx, m.Call(http.MethodPost, url, bus.NewBody(data, "application/json")))
	switch {
	case err != nil && bus.Classify(err).Status == http.StatusNotFound:
		return nil, &bus.Error{Status: http.StatusNotFound, Detail: fmt.Sprintf("there is no template %q", name), Err: err}
	case err != nil:
		return nil, fmt.Errorf("template %q: %w", name, err)
	case reply.Status/100 != 2 || reply.Body == nil:
		return nil, errors.Join(reply.Close(), &bus.Error{Status: http.StatusBadGateway, Type: bus.TypeUpstream,
			Detail: fmt.Sprintf("template %q: the service of the templates answers %d", name, reply.Status)})
	}
	return reply, nil
}
