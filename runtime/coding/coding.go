// Package coding packs the bodies of replies with the content codings that
// their clients accept (RFC 9110 section 8.4.1), and has the entity tags of
// packed ones understood where they come back.
//
// Text and JSON of more than 1 KiB are packed. What is not:
//
//   - parts (206), streams of events, which are to come one by one, and what a
//     service has packed itself or wants untouched (no-transform);
//   - answers that set a cookie. They are those of signing in, and a secret in a
//     body can be guessed from its packed length, if somebody else has a say in
//     what stands beside it. Problem documents, which repeat what was asked,
//     never come here.
//
// A body of up to 64 KiB is packed at once. A larger one is packed as it is
// read, and one of unknown size is flushed after each piece. A packer needs about
// 0.8 MiB of memory: never more than 64 are at work, and what comes then goes out
// as it is.
package coding

import (
	"net/http"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

const (
	least  = 1 << 10  // what is not larger is not packed
	atOnce = 64 << 10 // what is larger is packed as it is read
)

// Pack packs the body of reply, the answer to a request that asked so, if both
// are fit for it. An error is that the body could not be read: it is closed
// then.
func (c *Coder) Pack(reply *bus.Message, ask Ask) error {
	if reply.Status == http.StatusNotModified {
		ask.recall(&reply.Header)
		return nil
	}
	if !fit(reply) {
		return nil
	}
	vary(&reply.Header)
	coding := ask.preferred()
	if coding == "" {
		return nil
	}
	packed, err := c.pack(reply.Body, coding)
	if packed == nil {
		return err
	}
	reply.Body = packed
	describe(&reply.Header, coding)
	return nil
}

// pack returns a packed body, or nil where too many are packed already.
func (c *Coder) pack(b *bus.Body, coding string) (*bus.Body, error) {
	p := c.take(coding)
	if p == nil {
		return nil, nil
	}
	s := &stream{body: b, from: b.Reader(), left: b.Size(), packer: p, give: func(p *packer) { c.give(coding, p) }}
	p.Reset(&s.packed)
	if s.left < 0 || s.left > atOnce {
		streamed := bus.NewStream(s, -1, b.MediaType())
		streamed.SetTrailer(func() bus.Header { return withoutDigests(b.Trailer()) })
		return streamed, nil
	}
	var packed *bus.Body
	defer func() {
		if packed == nil { // it failed, or panicked
			_ = s.Close()
		}
	}()
	data, err := s.all()
	if err != nil {
		return nil, err
	}
	packed = bus.NewBody(data, b.MediaType())
	packed.OnClose(func() { _ = s.Close() })
	return packed, nil
}

// fit reports whether a reply may be packed, whoever asks for it.
func fit(reply *bus.Message) bool {
	size := reply.Body.Size()
	if 0 <= size && size <= least {
		return false
	}
	switch reply.Status {
	case http.StatusSwitchingProtocols, http.StatusNoContent, http.StatusPartialContent:
		return false
	}
	if reply.Body.Payload() == bus.Binary || strings.HasPrefix(strings.ToLower(reply.Body.MediaType()), "text/event-stream") {
		return false
	}
	return !slices.ContainsFunc(reply.Header, forbids)
}

// forbids reports whether a field of a reply does not allow its body to be
// packed.
func forbids(f bus.Field) bool {
	if strings.EqualFold(f.Name, "Cache-Control") {
		return strings.Contains(strings.ToLower(f.Value), "no-transform")
	}
	return strings.EqualFold(f.Name, "Content-Encoding") || strings.EqualFold(f.Name, "Set-Cookie") || isDigest(f)
}

// isDigest reports whether a field is of the bytes of a body, and so of no
// others.
func isDigest(f bus.Field) bool {
	return slices.ContainsFunc([]string{"Content-Digest", "Repr-Digest", "Digest", "Content-MD5"},
		func(name string) bool { return strings.EqualFold(f.Name, name) })
}

// withoutDigests returns the trailer of a body for its packed form. It comes
// too late to leave the body as it is.
func withoutDigests(trailer bus.Header) bus.Header {
	return slices.DeleteFunc(slices.Clone(trailer), isDigest)
}

// vary says that the answer depends on Accept-Encoding.
func vary(h *bus.Header) {
	const name = "Accept-Encoding"
	for value := range h.Values("Vary") {
		if strings.Contains(strings.ToLower(value), "accept-encoding") {
			return
		}
	}
	h.Add("Vary", name)
}

// describe says in h that the body is packed. Ranges are of what is not.
func describe(h *bus.Header, coding string) {
	h.Add("Content-Encoding", coding)
	h.Del("Accept-Ranges")
	if tag := h.Get("ETag"); tag != "" {
		h.Set("ETag", packedTag(tag, coding))
	}
}
