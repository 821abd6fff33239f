package pipeline

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/record"
	"github.com/seed90475182/restspace/services/documents"
	"github.com/seed90475182/restspace/urlpattern"
)

const mediaTypeJSON = "application/json"

// message is what goes from element to element. It belongs to one goroutine at
// a time; elements change it in place.
type message struct {
	body     *bus.Body
	json     []byte     // the body as JSON, once somebody asked
	header   bus.Header // what it says of the content
	status   int        // of the reply that it was; 0: it is the request of the pipeline
	name     string
	numbered bool // the name was given by a fan-out
	merges   bool // its members are those of the object that it is joined into
	vars     *variable

	caught *failure     // of a step that tried; nothing ran since
	over   *failure     // no element runs on it any more
	spare  *bus.Message // memory of an earlier reply
	node   *record.Node // of the part of a split that it is; nil: that of the context

	holder *run  // that has counted the body; nil: none has
	held   int64 // bytes that it has
}

// variable is one of a list: the nearest of a name is its value. Branches share
// the list up to where they parted.
type variable struct {
	name  string
	value []byte // JSON
	next  *variable
}

func (m *message) set(name string, value []byte) { m.vars = &variable{name, value, m.vars} }

// lookup returns a variable, and what it was given; nil is none.
func (v *variable) lookup(name string) *variable {
	for ; v != nil; v = v.next {
		if v.name == name {
			return v
		}
	}
	return nil
}

// failure is why a message goes no further: the reply of a service that is an
// error or a redirect, or an error.
type failure struct {
	reply  *bus.Message
	err    error
	before int // status of the message, where a step tried
}

// failureOf returns nil for a reply that goes on.
func failureOf(reply *bus.Message, err error) *failure {
	if err != nil {
		return &failure{err: err}
	}
	if !isSuccess(reply.Status) {
		return &failure{reply: reply}
	}
	return nil
}

// status returns what a client would see.
func (f *failure) status() int {
	if f.reply != nil {
		return f.reply.Status
	}
	return bus.Classify(f.err).Status
}

// facts returns {status, title, detail} as JSON.
func (f *failure) facts() []byte {
	status, title, detail := f.status(), "", ""
	if f.err != nil {
		known := bus.Classify(f.err)
		title = known.Title
		if known.Status < 500 || known.Type != "" {
			detail = known.Detail
		}
	} else {
		title, detail = problemOf(f.reply.Body)
	}
	if title == "" {
		title = http.StatusText(status)
	}
	text := fmt.Appendf(nil, `{"status":%d,"title":`, status)
	text = appendString(text, title)
	text = appendString(append(text, `,"detail":`...), detail)
	return append(text, '}')
}

// problemOf reads what a problem document (RFC 9457) says.
func problemOf(b *bus.Body) (title, detail string) {
	const limit = 64 << 10
	if !strings.HasPrefix(b.MediaType(), "application/problem+json") || b.Size() > limit {
		return "", ""
	}
	text, err := b.Bytes(limit)
	if err != nil {
		return "", ""
	}
	known := gjson.GetManyBytes(text, "title", "detail")
	return known[0].String(), known[1].String()
}

// fail ends the message.
func (m *message) fail(f *failure) {
	_ = m.body.Close()
	if m.caught == f {
		m.caught = nil
	}
	m.replace(nil, m.status)
	m.over = f
}

// forgive forgets what a step tried for nothing.
func (m *message) forgive() {
	if m.caught != nil {
		_ = m.caught.reply.Close()
		m.status, m.caught = m.caught.before, nil
	}
}

// take makes the reply of a service what the message is.
func (m *message) take(reply *bus.Message) {
	m.replace(reply.Body, reply.Status)
	m.header = contentOf(m.header, reply.Header)
	m.spare = reply
}

// replace gives the message another body, and leaves the old one to the caller.
func (m *message) replace(body *bus.Body, status int) {
	m.forgive()
	m.release()
	m.body, m.json, m.status = body, nil, status
	m.header = m.header[:0]
}

func (m *message) close() {
	m.release()
	_ = m.body.Close()
	if m.over != nil {
		_ = m.over.reply.Close()
	}
	m.forgive()
}

// contentOf appends those fields that are about the body.
func contentOf(to bus.Header, from bus.Header) bus.Header {
	for _, f := range from {
		if len(f.Name) > len("Content-") && strings.EqualFold(f.Name[:len("Content-")], "Content-") && !strings.EqualFold(f.Name, "Content-Encoding") {
			to = append(to, f)
		}
	}
	return to
}

// data returns the body as JSON; nil if there is none.
func (m *message) data(r *run) ([]byte, error) {
	if m.json != nil || m.body == nil {
		return m.json, nil
	}
	if err := r.keep(m); err != nil {
		return nil, err
	}
	as := m.body
	if m.body.MediaType() != "" { // without one it is taken for JSON
		var err error
		if as, err = m.body.As(bus.Data, r.limit); err != nil {
			return nil, err
		}
	}
	data, err := as.Bytes(r.limit)
	if err != nil {
		return nil, err
	}
	if len(data) > 0 {
		if err := documents.CheckJSON(data); err != nil {
			return nil, err
		}
	}
	m.json = data
	return data, nil
}

// keep reads a stream into memory, so that the body can be used more than once.
func (r *run) keep(m *message) error {
	if m.body.Stream() == nil {
		return nil
	}
	data, err := m.body.Bytes(r.limit)
	if err != nil {
		return err
	}
	return r.hold(int64(len(data)))
}

// park counts the bytes of a body that waits in memory for others, until it is
// closed or replaced. Too many end the message.
func (r *run) park(m *message) {
	if m.holder != nil || m.body == nil || m.body.Stream() != nil {
		return
	}
	n := m.body.Size()
	if err := r.hold(n); err != nil {
		m.fail(&failure{err: err})
		return
	}
	m.holder, m.held = r, n
}

// release gives back what park has counted.
func (m *message) release() {
	if m.holder != nil {
		_ = m.holder.hold(-m.held)
		m.holder = nil
	}
}

// branch returns another message of the same content, which has been kept.
func (m *message) branch() *message {
	other := m.without()
	other.header = slices.Clone(m.header)
	other.body, other.json = copied(m.body), m.json
	return other
}

// without returns another message like m that has no content.
func (m *message) without() *message {
	other := *m
	other.spare, other.caught, other.holder, other.node = nil, nil, nil, nil
	other.header, other.body, other.json = nil, nil, nil
	return &other
}

// copied returns a body of the same bytes.
func copied(b *bus.Body) *bus.Body {
	if b == nil {
		return nil
	}
	data, _ := b.Bytes(b.Size())
	return bus.NewBody(data, b.MediaType())
}

// request returns the call of a method and a URL, with a body to give away.
func (m *message) request(r *run, method string, url urlpattern.URL, body *bus.Body) *bus.Message {
	call := m.spare
	if call == nil {
		call = new(bus.Message)
	}
	m.spare = nil
	*call = bus.Message{Method: method, URL: url, Body: body, Name: m.name,
		User: r.request.User, Depth: r.request.Depth + 1}
	if body != nil {
		call.Header = slices.Clone(m.header)
	}
	return call
}
