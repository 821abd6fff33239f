package documents

import (
	"context"
	"errors"
	"io/fs"
	"net/http"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

func (d *Documents) get(ctx context.Context, m *bus.Message, key adaptors.Key) (*bus.Message, error) {
	if m.URL.Query != "" {
		if reply, err := d.fragment(ctx, m, key); reply != nil || err != nil {
			return reply, err
		}
	}
	reply, err := d.Read(ctx, m, key)
	if errors.Is(err, fs.ErrNotExist) {
		if own := d.own(key); own != nil {
			return own, nil
		}
	}
	if err == nil {
		d.describe(ctx, m, key, reply)
	}
	return reply, err
}

// Read answers a GET of the document at a key, with the conditions and the
// range that the header of m asks for: 200, 206 or 304. An error is
// fs.ErrNotExist where there is none, else it says its status.
func (d *Documents) Read(ctx context.Context, m *bus.Message, key adaptors.Key) (*bus.Message, error) {
	c, err := parseConditions(m.Header)
	if err != nil {
		return nil, err
	}
	if c.validates() { // most caches are right, and a body need not be opened
		_, info, err := d.Keep.Get(ctx, key, adaptors.GetOptions{Meta: true})
		if err != nil {
			return nil, explain(err)
		}
		if reply, err := d.settle(&c, &info); reply != nil || err != nil {
			return reply, err
		}
	}
	body, info, part, err := d.open(ctx, key, &c)
	switch {
	case part != nil && errors.Is(err, adaptors.ErrRange):
		value, _ := contentRange(*part, info.Size)
		return nil, &bus.Error{Status: http.StatusRequestedRangeNotSatisfiable, Err: err,
			Detail: "the document has no byte of that range",
			Header: bus.Header{{Name: "Content-Range", Value: value}}}
	case err != nil:
		return nil, explain(err)
	}
	if reply, err := d.settle(&c, &info); reply != nil || err != nil {
		return reply, errors.Join(err, body.Close())
	}
	reply := bus.Reply(http.StatusOK, body)
	reply.Header = d.facts(&info)
	if part != nil {
		value, err := contentRange(*part, info.Size)
		if err != nil {
			return nil, errors.Join(err, body.Close())
		}
		reply.Status = http.StatusPartialContent
		reply.Header.Add("Content-Range", value)
	}
	return reply, nil
}

// open gets the part of a document that c asks for, or all of it: part is nil
// then. ErrRange comes with the facts, and only where c holds for them.
func (d *Documents) open(ctx context.Context, key adaptors.Key, c *conditions) (body *bus.Body, info adaptors.Info, part *adaptors.Range, err error) {
	part = parseRange(c.ranges)
	body, info, err = d.Keep.Get(ctx, key, adaptors.GetOptions{Range: part})
	switch {
	case part == nil, err != nil && !errors.Is(err, adaptors.ErrRange):
		return body, info, part, err
	case c.forReading(&info) != 0:
		return body, info, part, nil
	case !sameForRange(c.ifRange, &info):
		_ = body.Close()
		body, info, err = d.Keep.Get(ctx, key, adaptors.GetOptions{})
		return body, info, nil, err
	}
	return body, info, part, err
}

// settle returns the answer where the conditions decide it: 304 or an error of
// status 412. Both are nil where they do not.
func (d *Documents) settle(c *conditions, info *adaptors.Info) (*bus.Message, error) {
	switch c.forReading(info) {
	case http.StatusNotModified:
		reply := bus.Reply(http.StatusNotModified, nil)
		reply.Header = appendFacts(make(bus.Header, 0, 4), info)
		return reply, nil
	case http.StatusPreconditionFailed:
		return nil, explain(adaptors.ErrCondition)
	}
	return nil, nil
}

// facts returns the fields that go with the body of a document.
func (d *Documents) facts(info *adaptors.Info) bus.Header {
	h := appendFacts(make(bus.Header, 0, 8), info) // room for what every answer has
	if !d.JSON {
		h = append(h, bus.Field{Name: "Accept-Ranges", Value: "bytes"})
	}
	return h
}

// appendFacts adds the validators of a document: ETag and Last-Modified. Both
// texts share one string.
func appendFacts(h bus.Header, info *adaptors.Info) bus.Header {
	text := make([]byte, 0, 96)
	if info.ETag != "" {
		text = append(append(append(text, '"'), info.ETag...), '"')
	}
	n := len(text)
	if !info.ModTime.IsZero() {
		text = appendDate(text, info.ModTime)
	}
	values := string(text)
	if n > 0 {
		h = append(h, bus.Field{Name: "ETag", Value: values[:n]})
	}
	if n < len(values) {
		h = append(h, bus.Field{Name: "Last-Modified", Value: values[n:]})
	}
	return h
}
