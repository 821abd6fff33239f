package adaptors

import (
	"context"
	"io"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// A Watcher is told of the calls of an adaptor. It is safe for concurrent use.
type Watcher interface {
	// Begin is told that a call begins. It returns the context that the call has
	// from then on, and what is ended with it, which may be nil: of Get when the
	// body is closed, of List after the last entry that is wanted.
	Begin(ctx context.Context, o Operation) (context.Context, bus.Span)

	// Called is told what was called, how long it took, of Get and List until the
	// first byte or entry, and what came of it.
	Called(o Operation, took time.Duration, err error)
}

// Operation is a method of one of the interfaces of this package.
type Operation int

// The methods.
const (
	Get Operation = iota
	Put
	Delete
	List
	Send
	Render
)

// String returns the name in lower case.
func (o Operation) String() string {
	return [...]string{"get", "put", "delete", "list", "send", "render"}[o]
}

// epoch is what calls take their time from: to ask for the time since it reads
// one clock, and time.Now reads two.
var epoch = time.Now()

// call is a call that a Watcher is told of. The zero value is one of which nobody
// is told.
type call struct {
	watcher   Watcher
	operation Operation
	start     time.Duration
	span      bus.Span // nil: there is none
}

// begin tells w, which may be nil, of a call, and returns the context for it.
func begin(ctx context.Context, w Watcher, o Operation) (context.Context, call) {
	if w == nil {
		return ctx, call{}
	}
	c := call{watcher: w, operation: o, start: time.Since(epoch)}
	ctx, c.span = w.Begin(ctx, o)
	return ctx, c
}

// answered tells of what came of the call.
func (c *call) answered(err error) {
	if c.watcher != nil {
		c.watcher.Called(c.operation, time.Since(epoch)-c.start, err)
	}
}

// ended tells that the call is over.
func (c *call) ended(err error) {
	if c.span != nil {
		c.span.End(err)
	}
}

// done is answered and ended at one time.
func (c *call) done(err error) {
	c.answered(err)
	c.ended(err)
}

// endsWith tells that the call is over when b is closed.
func (c *call) endsWith(b *bus.Body) {
	if span := c.span; span != nil && b.Stream() != nil {
		b.OnClose(func() { span.End(nil) })
		return
	}
	c.ended(nil)
}

// WatchedMailer returns a Mailer that has m send, and tells w of it.
func WatchedMailer(m Mailer, w Watcher) Mailer { return watchedMailer{m, w} }

type watchedMailer struct {
	Mailer
	watcher Watcher
}

// Send is part of Mailer.
func (m watchedMailer) Send(ctx context.Context, mail Mail) error {
	ctx, c := begin(ctx, m.watcher, Send)
	err := m.Mailer.Send(ctx, mail)
	c.done(err)
	return err
}

// WatchedEngine returns an Engine that has e fill templates, and tells w of it.
func WatchedEngine(e Engine, w Watcher) Engine { return watchedEngine{e, w} }

type watchedEngine struct {
	Engine
	watcher Watcher
}

// Render is part of Engine.
func (e watchedEngine) Render(ctx context.Context, to io.Writer, t Template, data []byte) error {
	ctx, c := begin(ctx, e.watcher, Render)
	err := e.Engine.Render(ctx, to, t, data)
	c.done(err)
	return err
}

// Check is part of TemplateChecker.
func (e watchedEngine) Check(ctx context.Context, t Template) error {
	return CheckTemplate(ctx, e.Engine, t)
}
