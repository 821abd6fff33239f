package record

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/seed90475182/restspace/bus"
)

// Options of a record. Zero is a limit that fits a terminal.
type Options struct {
	Bodies   bool // keep the beginning of each body
	Children int  // nodes of one node
	Nodes    int  // in all

	// Opens says whether a mount shows what it does inside to answer a call. Who
	// reads the record is a client then, and of an error it says what clients are
	// told. nil: the record is for who runs the server, and holds all.
	Opens func(mount *bus.Mount, m *bus.Message) bool
}

const (
	maxChildren = 100
	maxNodes    = 2000
	maxBytes    = 8 << 20 // of texts and bodies
	maxText     = 2 << 10 // of one text
)

// An Entry is what one node says. Who reads one finds the zero value where
// there is nothing to say.
type Entry struct {
	Kind      string  `json:"kind"`                     // what happened: see the constants
	At        string  `json:"at,omitzero"`              // JSON pointer into the pipeline
	Text      string  `json:"text,omitzero"`            // as the pipeline has it
	Mode      string  `json:"mode,omitzero"`            // of the list it stands in, unless that is serial
	Name      string  `json:"name,omitzero"`            // of the message
	Variable  string  `json:"variable,omitzero"`        // that took the reply
	Condition string  `json:"condition,omitzero"`       // its source
	Held      *bool   `json:"held,omitzero"`            // what the condition said
	Skipped   bool    `json:"skipped,omitzero"`         // nothing was done
	Parts     int     `json:"parts,omitzero"`           // that were made, or joined
	Method    string  `json:"method,omitzero"`          // of a call
	URL       string  `json:"url,omitzero"`             // of a call, with all codes filled in
	Service   string  `json:"service,omitzero"`         // mount that answered, or the other server
	Status    int     `json:"status,omitzero"`          // that a client would see
	Error     string  `json:"error,omitzero"`           // why there was no reply
	Start     float64 `json:"start_ms"`                 // milliseconds since the record began
	Took      float64 `json:"took_ms"`                  // milliseconds until the reply began
	In        Payload `json:"in,omitzero"`              // what a call was sent
	Out       Payload `json:"out,omitzero"`             // what it answered
	Children  []Entry `json:"children,omitzero"`        // in the order of the definition
	More      int     `json:"not_shown,omitzero"`       // children that had no room
	LostPlans int     `json:"plans_not_shown,omitzero"` // of the whole record, in its first entry
}

// Kinds of entries.
const (
	Request   = "request"   // from outside
	Call      = "call"      // of a service or another server
	Plan      = "plan"      // a write that a dry run did not make
	Step      = "step"      // of a pipeline
	List      = "list"      // in a pipeline
	Transform = "transform" // in a pipeline
	Split     = "split"     // in a pipeline; its children are the parts
	Part      = "part"      // of a message that was split
	Join      = "join"      // in a pipeline
	Around    = "around"    // a pipeline before or after a service; Name says which
	Pipeline  = "pipeline"  // a run that its own option traces
)

// Payload is a body.
type Payload struct {
	Size int64  `json:"size"`          // bytes that went through; of a stream, as far as it was read
	Type string `json:"type,omitzero"` // media type
	Text string `json:"text,omitzero"` // its beginning, where bodies are kept
	Cut  bool   `json:"cut,omitzero"`  // Text is not all

	raw []byte
}

// A Node is a place in the tree. nil is a place in no tree: all methods do
// nothing then. Safe for concurrent use.
type Node struct {
	record   *recording
	entry    Entry
	index    int
	begun    time.Time
	children []*Node
}

// recording is what the nodes of a tree share.
type recording struct {
	Options
	begun  time.Time
	hidden *Node // stands for all nodes that had no room

	mu    sync.Mutex // guards the nodes, and what follows
	nodes int
	bytes int
	lost  int // plans that had no room
}

type nodeKey struct{}

// Start begins a record of what is done with the context that it returns. ctx
// descends from a bus.Root, or else nothing is recorded, and the node is nil.
func Start(ctx context.Context, o Options, e Entry) (context.Context, *Node) {
	root := bus.RootOf(ctx)
	if root == nil {
		return ctx, nil
	}
	o.Children, o.Nodes = cmp.Or(o.Children, maxChildren), cmp.Or(o.Nodes, maxNodes)
	r := &recording{Options: o, begun: time.Now()}
	r.hidden = &Node{record: r}
	n := &Node{record: r, entry: e, begun: r.begun}
	root.Traced.Store(true)
	return n.With(ctx), n
}

// NodeOf returns the node that what is done with ctx belongs to; nil if nothing
// is recorded.
func NodeOf(ctx context.Context) *Node {
	if root := bus.RootOf(ctx); root == nil || !root.Traced.Load() {
		return nil
	}
	n, _ := ctx.Value(nodeKey{}).(*Node)
	return n
}

// Begin adds a node after those that ctx's has. End it. Where nothing is
// recorded it returns ctx and nil.
func Begin(ctx context.Context, e Entry) (context.Context, *Node) {
	n := NodeOf(ctx)
	if n == nil {
		return ctx, nil
	}
	child := n.Child(-1, e)
	return child.With(ctx), child
}

// With returns a context whose node is n.
func (n *Node) With(ctx context.Context) context.Context {
	if n == nil {
		return ctx
	}
	return context.WithValue(ctx, nodeKey{}, n)
}

// Child adds a node to n. index is its place among its siblings, whichever comes
// first; -1 is after those that are there.
func (n *Node) Child(index int, e Entry) *Node {
	if n == nil {
		return nil
	}
	r := n.record
	r.mu.Lock()
	defer r.mu.Unlock()
	if n == r.hidden {
		return r.hide(e)
	}
	if len(n.children) >= r.Children || e.Kind == Part && index >= r.Children || r.nodes >= r.Nodes || r.bytes >= maxBytes {
		n.entry.More++
		return r.hide(e)
	}
	if index < 0 && len(n.children) > 0 {
		index = n.children[len(n.children)-1].index
	}
	e.Text, e.URL = cut(e.Text), cut(e.URL)
	r.nodes++
	r.bytes += len(e.Text) + len(e.URL)
	child := &Node{record: r, entry: e, index: index, begun: time.Now()}
	child.entry.Start = milliseconds(child.begun.Sub(r.begun))
	n.children = append(n.children, child)
	return child
}

// hide counts what has no room. The caller holds mu.
func (r *recording) hide(e Entry) *Node {
	if e.Kind == Plan {
		r.lost++
	}
	return r.hidden
}

// Set has f change what n says. f must not call n.
func (n *Node) Set(f func(e *Entry)) {
	if n == nil || n.Hidden() {
		return
	}
	n.record.mu.Lock()
	defer n.record.mu.Unlock()
	f(&n.entry)
}

// End takes the time that n has taken, and notes an error.
func (n *Node) End(err error) {
	n.Set(func(e *Entry) {
		e.Took = milliseconds(time.Since(n.begun))
		if err != nil {
			e.Error, e.Status = n.record.told(err)
		}
	})
}

// told returns what is said of an error, and its status.
func (r *recording) told(err error) (text string, status int) {
	known := bus.Classify(err)
	if r.Opens != nil {
		return cut(known.ForClient()), known.Status
	}
	return cut(err.Error()), known.Status
}

// Hidden reports whether n stands for what has no room, or is not shown.
func (n *Node) Hidden() bool { return n != nil && n == n.record.hidden }

// Tree returns what n and all below it say, without what r takes out. It may be
// called before all has ended.
func (n *Node) Tree(r *Redactor) Entry {
	if n == nil {
		return Entry{}
	}
	n.record.mu.Lock()
	defer n.record.mu.Unlock()
	e := n.tree(r)
	e.LostPlans = n.record.lost
	return e
}

func (n *Node) tree(r *Redactor) Entry {
	e := n.entry
	e.Name = cut(e.Name)
	for _, text := range []*string{&e.Text, &e.Name, &e.Condition, &e.URL, &e.Service, &e.Error} {
		*text = r.shown(*text)
	}
	e.In.show(r)
	e.Out.show(r)
	children := slices.Clone(n.children)
	slices.SortStableFunc(children, func(a, b *Node) int { return cmp.Compare(a.index, b.index) })
	for _, child := range children {
		c := child.tree(r)
		e.Children = append(e.Children, c)
		if e.Kind == Part {
			e.Took = max(e.Took, c.Start+c.Took-e.Start)
		}
	}
	return e
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// ellipsis is at the end of a text that was cut.
const ellipsis = "..."

// cut returns the beginning of a text that is too long, as memory of its own.
func cut(text string) string {
	if len(text) <= maxText {
		return strings.Clone(text)
	}
	return whole(text, maxText) + ellipsis
}

// shown is Text of a text that cut may have cut inside a value.
func (r *Redactor) shown(text string) string {
	if begin, ok := strings.CutSuffix(text, ellipsis); ok && len(text) > maxText-utf8.UTFMax {
		return r.Text(r.withoutHalf(begin)) + ellipsis
	}
	return r.Text(text)
}

// whole returns the beginning of text, up to n bytes and a whole character.
func whole(text string, n int) string {
	for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:min(n, len(text))]
}
