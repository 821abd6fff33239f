package documents

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// The limits of a page beside the number of its entries.
const (
	pageBodies = 4        // bodies of the largest size that one of items may hold
	maxPage    = 16 << 20 // bytes of one of names or summaries: there are long ones
)

// A page is the JSON text of a listing, made entry by entry.
type page struct {
	*Documents
	o           *listOptions
	skip, count int    // entries to leave out yet; entries that it has
	text        []byte // unfinished
	closing     byte
	last        []byte // name of the last entry
	more        bool   // there are entries after the last
}

func newPage(d *Documents, o *listOptions) *page {
	p := &page{Documents: d, o: o, skip: o.skip, text: make([]byte, 1, 1024), closing: ']'}
	p.text[0] = '['
	if o.items || o.summary {
		p.text[0], p.closing = '{', '}'
	}
	return p
}

// visit adds an entry. It returns errEnough where the page has no room for it.
func (p *page) visit(ctx context.Context, e *entry) error {
	if p.skip > 0 {
		p.skip--
		return nil
	}
	if p.count == p.o.take {
		p.more = true
		return errEnough
	}
	before := len(p.text)
	if p.count > 0 {
		p.text = append(p.text, ',')
	}
	err := p.add(ctx, e)
	if err == nil && p.count > 0 && !p.o.items && len(p.text) > maxPage {
		err = errEnough
	}
	if err != nil {
		p.text = p.text[:before]
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNoSummary) { // deleted since the store listed it, or nothing to show
			return nil
		}
		p.more = errors.Is(err, errEnough)
		return err
	}
	p.count++
	p.last = append(p.last[:0], e.name...)
	return nil
}

// end returns the whole text.
func (p *page) end() []byte { return append(p.text, p.closing) }

func (p *page) add(ctx context.Context, e *entry) error {
	switch {
	case p.o.items:
		return p.addItem(ctx, e)
	case p.o.summary:
		return p.addSummary(ctx, e)
	case p.o.details:
		return p.addDetails(ctx, e)
	default:
		return p.quote(e.name)
	}
}

func (p *page) quote(text []byte) (err error) {
	p.text, err = jsontext.AppendQuote(p.text, text)
	return err
}

// factsOf returns the facts of a document in a listing. A store that lists names
// only is asked for them.
func (d *Documents) factsOf(ctx context.Context, e *entry) (adaptors.Info, error) {
	if e.ETag != "" {
		return e.Info, nil
	}
	_, info, err := d.Keep.Get(ctx, e.key, adaptors.GetOptions{Meta: true})
	return info, err
}

// addDetails adds the facts of an entry.
func (p *page) addDetails(ctx context.Context, e *entry) error {
	info := e.Info
	if !e.Dir {
		var err error
		if info, err = p.factsOf(ctx, e); err != nil {
			return err
		}
	}
	p.text = append(p.text, `{"name":`...)
	err := p.quote(e.name)
	if !e.Dir {
		p.text = strconv.AppendInt(append(p.text, `,"size":`...), info.Size, 10)
		p.text = info.ModTime.UTC().AppendFormat(append(p.text, `,"modified":"`...), time.RFC3339)
		p.text = append(p.text, `","type":`...)
		err = errors.Join(err, p.quote([]byte(info.MediaType)))
		p.text = append(p.text, `,"etag":`...)
		err = errors.Join(err, p.quote([]byte(info.ETag)))
	}
	p.text = append(p.text, '}')
	return err
}

// errNoSummary is about what is left out of a listing, since it is no JSON.
var errNoSummary = errors.New("the document has no summary")

// addSummary adds an entry's name and summary.
func (p *page) addSummary(ctx context.Context, e *entry) error {
	text, err := p.summaryOf(ctx, e)
	switch {
	case err != nil:
		return err
	case text == nil:
		return errNoSummary
	}
	if err := p.quote(e.name); err != nil {
		return err
	}
	p.text = append(append(p.text, ':'), text...)
	return nil
}

// addItem adds an entry's name and content.
func (p *page) addItem(ctx context.Context, e *entry) error {
	body, info, err := p.Keep.Get(ctx, e.key, adaptors.GetOptions{})
	if err != nil {
		return err
	}
	defer body.Close()
	switch room := pageBodies * p.MaxBody; {
	case p.count > 0 && int64(len(p.text))+info.Size > room:
		return errEnough
	case info.Size > p.MaxBody:
		return bus.Errorf(http.StatusRequestEntityTooLarge,
			"%s has %d bytes, too many for a listing with items: list the names and GET it by itself", e.name, info.Size)
	}
	data, err := body.Bytes(p.MaxBody)
	if err != nil {
		return err
	}
	if err := p.quote(e.name); err != nil {
		return err
	}
	p.text = append(p.text, ':')
	return p.addContent(data, info.MediaType)
}

// addContent adds a document as a JSON value: JSON as it is, text as a string,
// anything else as a string of its base64.
func (p *page) addContent(data []byte, mediaType string) error {
	payload := bus.PayloadOf(mediaType)
	switch {
	case payload == bus.Data && CheckJSON(data) == nil:
		p.text = append(p.text, bytes.TrimSpace(data)...)
		return nil
	case payload != bus.Binary && utf8.Valid(data):
		return p.quote(data)
	}
	p.text = base64.StdEncoding.AppendEncode(append(p.text, '"'), data)
	p.text = append(p.text, '"')
	return nil
}
