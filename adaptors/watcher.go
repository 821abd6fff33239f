package adaptors

import (
	"context"
	"io"
	"time"
)

// A Watcher is told of the calls of an adaptor. It is safe for concurrent use.
type Watcher interface {
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

// begin returns when a call begins; 0 where nobody is told.
func (k *Keep) begin() time.Duration {
	if k.watcher == nil {
		return 0
	}
	return time.Since(epoch)
}

// tell tells of a call that began at start.
func (k *Keep) tell(o Operation, start time.Duration, err error) {
	if k.watcher != nil {
		k.watcher.Called(o, time.Since(epoch)-start, err)
	}
}

// WatchedMailer returns a Mailer that has m send, and tells w of it.
func WatchedMailer(m Mailer, w Watcher) Mailer { return watchedMailer{m, w} }

type watchedMailer struct {
	Mailer
	watcher Watcher
}

// Send is part of Mailer.
func (m watchedMailer) Send(ctx context.Context, mail Mail) error {
	start := time.Since(epoch)
	err := m.Mailer.Send(ctx, mail)
	m.watcher.Called(Send, time.Since(epoch)-start, err)
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
	start := time.Since(epoch)
	err := e.Engine.Render(ctx, to, t, data)
	e.watcher.Called(Render, time.Since(epoch)-start, err)
	return err
}

// Check is part of TemplateChecker.
func (e watchedEngine) Check(ctx context.Context, t Template) error {
	return CheckTemplate(ctx, e.Engine, t)
}
