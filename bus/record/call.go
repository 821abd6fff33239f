package record

import (
	"context"
	"io"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// What is kept of a body is more than what is shown of it, so that a secret at
// the end is seen whole.
const (
	shownBody = 4 << 10
	keptBody  = 8 << 10
)

// Serve has service answer m, as a node of ctx's. Where nothing is recorded it
// does no more than that.
func Serve(ctx context.Context, service bus.Service, m *bus.Message) (*bus.Message, error) {
	parent := NodeOf(ctx)
	if parent == nil {
		return service.Serve(ctx, m)
	}
	mount := mountOf(ctx, m.URL)
	n := parent.Child(-1, entryOf(mount, m))
	inside := n
	if opens := parent.record.Opens; opens != nil && mount != nil && !opens(mount, m) {
		inside = parent.record.hidden
	}
	return n.Serve(inside.With(ctx), service, m)
}

// Serve has service answer m, and notes in n what it was sent and what it
// answered.
func (n *Node) Serve(ctx context.Context, service bus.Service, m *bus.Message) (*bus.Message, error) {
	if n == nil {
		return service.Serve(ctx, m)
	}
	m.Body = n.watch(m.Body, func(e *Entry) *Payload { return &e.In })
	reply, err := service.Serve(ctx, m)
	if err == nil && reply != nil {
		n.Set(func(e *Entry) {
			e.Status = reply.Status
			if reply.From != "" {
				e.Service = reply.From
			}
		})
		if reply.Status != http.StatusSwitchingProtocols {
			reply.Body = n.watch(reply.Body, func(e *Entry) *Payload { return &e.Out })
		}
	}
	n.End(err)
	return reply, err
}

// entryOf describes a call, of a mount or of another server.
func entryOf(mount *bus.Mount, m *bus.Message) Entry {
	e := Entry{Kind: Call, Method: m.Method, URL: m.URL.String(), Service: m.URL.Host}
	if mount != nil {
		e.Service = mount.Name
	}
	return e
}

// RequestEntry describes a request from outside.
func RequestEntry(m *bus.Message) Entry {
	return Entry{Kind: Request, Method: m.Method, URL: m.URL.String()}
}

// mountOf returns what answers a URL; nil if that is no mount here.
func mountOf(ctx context.Context, u urlpattern.URL) *bus.Mount {
	if root := bus.RootOf(ctx); u.Host == "" && root.Table != nil {
		return root.Table.Find(u.Path, u.Dir)
	}
	return nil
}

// Planned notes a write that a dry run does not make, of n bytes.
func Planned(ctx context.Context, m *bus.Message, n int64) {
	_, node := Begin(ctx, Entry{Kind: Plan, Method: m.Method, URL: m.URL.String(), In: Payload{Size: n, Type: m.Body.MediaType()}})
	node.End(nil)
}

// watch notes what goes through a body. of says which payload it is.
func (n *Node) watch(b *bus.Body, of func(*Entry) *Payload) *bus.Body {
	if b == nil || n.Hidden() {
		return b
	}
	see := func(p []byte) {
		n.Set(func(e *Entry) {
			payload := of(e)
			payload.Size += int64(len(p))
			if room := keptBody - len(payload.raw); n.record.Bodies && n.record.bytes < maxBytes && room > 0 {
				p = p[:min(room, len(p))]
				payload.raw = append(payload.raw, p...)
				n.record.bytes += len(p)
			}
		})
	}
	n.Set(func(e *Entry) { *of(e) = Payload{Type: b.MediaType()} })
	if b.Stream() == nil {
		data, _ := b.Bytes(b.Size()) // which are there
		see(data)
		return b
	}
	watched := bus.NewStream(&stream{b.Reader(), b, see}, b.Size(), b.MediaType())
	watched.SetTrailer(b.Trailer)
	watched.OnClose(func() { _ = b.Close() })
	return watched
}

// stream tells what is read.
type stream struct {
	io.Reader
	io.Closer
	see func([]byte)
}

// Read is part of io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if n > 0 {
		s.see(p[:n])
	}
	return n, err
}

// show makes the text of what was kept of a body, without secrets.
func (p *Payload) show(r *Redactor) {
	if len(p.raw) == 0 {
		return
	}
	raw := p.raw
	p.raw = nil
	for i := 1; i <= utf8.UTFMax && i <= len(raw) && !utf8.Valid(raw) && int64(len(raw)) < p.Size; i++ {
		raw = slices.Clip(raw[:len(raw)-1]) // half a character
	}
	if bus.NewBody(nil, p.Type).Payload() == bus.Binary || !utf8.Valid(raw) {
		return
	}
	text := string(raw)
	partial := int64(len(raw)) < p.Size
	if partial {
		text = r.withoutHalf(text)
	}
	text = r.Text(text)
	p.Text = whole(text, shownBody)
	p.Cut = partial || len(p.Text) < len(text)
}
