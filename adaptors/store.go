package adaptors

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// A Store holds bodies under keys: JSON documents, files, templates. All its
// methods are safe for concurrent use. Package adaptortest tests every
// sentence here. Keys are good ([Key.Check]) and name a document; only a prefix
// may be empty: Keep sees to it.
//
// A Store may have three further methods, found by assertion: Close() error gives
// up what it holds, Health() error says why it can't be relied on, and
// Conditions(context.Context) error is [Keep.Conditions].
//
// After Put or Delete returned nil, every Get and List gives the new state,
// also after a crash. A failed Put changes nothing. A condition is compared
// atomically with the write. A cancelled context leaves nothing behind. A
// directory exists exactly while something is below it.
type Store interface {
	// Get returns the body and facts of a key. The caller closes the body,
	// and may hold it while the key is replaced: it keeps the old content. A
	// stream may go on after the body's size, where a range ends.
	// With o.Meta the body is nil. A missing key, or a directory, is
	// fs.ErrNotExist. A range that has no byte of the body is ErrRange, and
	// comes with the facts.
	Get(ctx context.Context, key Key, o GetOptions) (*bus.Body, Info, error)

	// Put makes or replaces a key, reading b to its end, which is at its size
	// if it has one, and closing it, whatever it returns. A body that ends
	// early is an error. A condition that does not hold is ErrCondition. Where
	// a key is in the way (the prefix of another) and the store can see it,
	// the error is fs.ErrExist. All facts but MediaType are set.
	Put(ctx context.Context, key Key, b *bus.Body, c Condition) (Info, error)

	// Delete removes a key. A missing key is fs.ErrNotExist, a condition that
	// does not hold ErrCondition.
	Delete(ctx context.Context, key Key, c Condition) error

	// List yields what is one level below prefix, in the byte order of the
	// escaped names, a directory's with a "/" at its end. Name and Dir are always set, the rest as it is
	// cheap. A directory that does not exist yields nothing. A key that is
	// there all the while is yielded exactly once, whatever others write.
	List(ctx context.Context, prefix Key, o ListOptions) iter.Seq2[Info, error]
}

// GetOptions say what of a key is wanted. The zero value is all of it.
type GetOptions struct {
	Meta  bool   // facts only: the body is nil
	Range *Range // a part of the body; nil is the whole
}

// ListOptions say where a listing begins, and how much of it is wanted. The
// zero value is all of it.
type ListOptions struct {
	// After leaves out the entries up to this one: a name as in Info, with a
	// "/" at the end of a directory's. A document's own "/" there is taken for
	// a directory's; no URL leads to such a document.
	After string

	// Page is how many entries the caller is about to take: what a driver may
	// fetch at once. It ends nothing. 0 is not known.
	Page int
}

// A Range is a part of a body, as RFC 9110 section 14.1.1 counts bytes: from
// First to Last, both inclusive. Last -1 is the end. First -1 is a suffix of
// Last bytes.
type Range struct{ First, Last int64 }

// Resolve returns where a range of a body of size bytes begins, and its
// length. One that has no byte of it is ErrRange.
func (r Range) Resolve(size int64) (offset, length int64, err error) {
	first, last := r.First, r.Last
	switch {
	case first < 0:
		first, last = max(0, size-last), size-1
	case last < 0 || last >= size:
		last = size - 1
	}
	if first > last {
		return 0, 0, ErrRange
	}
	return first, last - first + 1, nil
}

// Info is the facts of a key, or of a directory in a listing.
type Info struct {
	Name      string // the last segment of the key, decoded
	Dir       bool   // a directory: only in listings
	Size      int64  // bytes of the whole body, whatever range was asked for; -1 is not known
	ModTime   time.Time
	ETag      string // opaque, strong, without quotes; never the same for two contents of a key; "" is not known
	Content   string // opaque; never the same for two contents of a key, but for two writes of one it may be; "" is not known
	MediaType string // set by Keep
	Created   bool   // by Put: the key was not there before
}

// Errors of a Store, beside those of io/fs and context.
var (
	ErrCondition = errors.New("the condition does not hold")
	ErrRange     = errors.New("the range has no byte of the body")
	ErrReadOnly  = errors.New("the store can't be written to")
	ErrKey       = errors.New("the name can't be stored")
)

// Condition is what must hold for a write (RFC 9110 section 13.1). The zero
// value always holds.
type Condition struct {
	Exists     bool      // If-Match: *
	Absent     bool      // If-None-Match: *
	Match      []string  // If-Match: one of these ETags; nil is no condition
	NoneMatch  []string  // If-None-Match: none of these
	Unmodified time.Time // If-Unmodified-Since, with a resolution of seconds; not looked at beside Match or Exists
}

// Check returns ErrCondition unless c holds for a key with the facts info, nil
// for one that does not exist. A driver calls it under the lock of the write.
func (c *Condition) Check(info *Info) error {
	if c.holds(info) {
		return nil
	}
	return ErrCondition
}

func (c *Condition) holds(info *Info) bool {
	if info == nil {
		return !c.Exists && c.Match == nil && c.Unmodified.IsZero()
	}
	if c.Absent || c.Match != nil && !contains(c.Match, info.ETag) || contains(c.NoneMatch, info.ETag) {
		return false
	}
	if c.Exists || c.Match != nil || c.Unmodified.IsZero() {
		return true
	}
	return !info.ModTime.Truncate(time.Second).After(c.Unmodified)
}

// Unconditional reports whether c always holds.
func (c *Condition) Unconditional() bool {
	return !c.Exists && !c.Absent && c.Match == nil && c.NoneMatch == nil && c.Unmodified.IsZero()
}

func contains(list []string, etag string) bool {
	for _, s := range list {
		if s == etag && etag != "" {
			return true
		}
	}
	return false
}

// ErrRecipient is the error of a Mailer that works, and whose server refuses
// recipients of a mail.
var ErrRecipient = errors.New("the recipients are refused")

// A Mailer sends mail. It is safe for concurrent use.
type Mailer interface {
	// Send hands a mail over for all of its recipients, or for none. It reads
	// the bodies into memory, and closes them whatever it returns. Where some
	// recipients are refused, the error is ErrRecipient.
	Send(ctx context.Context, m Mail) error
}

// Mail is one message to its recipients. Addresses are RFC 5322 mailboxes. No
// text but the bodies has control characters.
type Mail struct {
	ID                   string // the Message-ID, without angle brackets; "" is any
	From, Subject        string
	ReplyTo, To, Cc, Bcc []string
	Body                 *bus.Body // text/plain or text/html, in UTF-8
	HTML                 *bus.Body // the same as Body in HTML, for who can read it; nil is none
	Attachments          []Attachment
}

// Close closes the bodies.
func (m *Mail) Close() error {
	err := errors.Join(m.Body.Close(), m.HTML.Close())
	for _, a := range m.Attachments {
		err = errors.Join(err, a.Body.Close())
	}
	return err
}

// An Attachment is a file that goes with a Mail.
type Attachment struct {
	Name string
	Body *bus.Body
}

// An Engine fills templates with data.
type Engine interface {
	// Render writes the template filled with data, a JSON text, to w. An error
	// of w or of ctx ends it. What is wrong with the template, or with the data
	// for it, is a *bus.Error of status 422 that names the place.
	Render(ctx context.Context, w io.Writer, t Template, data []byte) error
}

// A TemplateChecker is an Engine that knows what is wrong with a template before
// it is filled.
type TemplateChecker interface {
	// Check returns what is wrong with the source of t, as Render would. Its
	// partials need not be there.
	Check(ctx context.Context, t Template) error
}

// CheckTemplate returns what is wrong with a template, where the engine is a
// TemplateChecker; else nil.
func CheckTemplate(ctx context.Context, e Engine, t Template) error {
	if c, ok := e.(TemplateChecker); ok {
		return c.Check(ctx, t)
	}
	return nil
}

// A Template is the source that an Engine fills.
type Template struct {
	Name    string // its key as a path, for messages
	Version string // changes with Source: what an Engine may keep it under
	Source  []byte
	Partial func(ctx context.Context, name string) ([]byte, error) // another one of the same store; missing: wraps fs.ErrNotExist
}
