package static

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/documents"
	"github.com/seed90475182/restspace/urlpattern"
)

// site is one mount of the Kind.
type site struct {
	files  *documents.Documents
	index  string // what a directory shows
	divert bool   // a missing page is the root's index
}

// Methods is part of services.Methods.
func (s *site) Methods([]string, bool) []string { return []string{http.MethodGet} }

// Serve is part of bus.Service.
func (s *site) Serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	defer m.Close()
	if m.Method != http.MethodGet {
		return nil, services.MethodNotAllowed(m.Method, s.Methods(nil, false))
	}
	place := adaptors.Key(m.ServicePath())
	var reply *bus.Message
	var err error = fs.ErrNotExist // of the base path without its slash
	switch {
	case m.URL.Dir:
		reply, err = s.page(ctx, m, s.inside(place))
	case len(place) > 0:
		reply, err = s.page(ctx, m, place)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return reply, err
	}
	if !m.URL.Dir {
		_, _, err := s.files.Keep.Get(ctx, s.inside(place), adaptors.GetOptions{Meta: true})
		switch {
		case err == nil:
			return redirect(m.URL), nil
		case !absent(err):
			return nil, err
		}
	}
	return s.missing(ctx, m, place)
}

// inside returns the key of what the directory at place shows.
func (s *site) inside(place adaptors.Key) adaptors.Key { return append(slices.Clone(place), s.index) }

// absent reports whether an error means that no file has the name, be it that
// none can have it.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, adaptors.ErrKey) }

// redirect leads from a directory without its slash to the one with it:
// relative links of its page begin there.
func redirect(u urlpattern.URL) *bus.Message {
	to := urlpattern.URL{Path: u.Path, Dir: true, Query: u.Query}
	reply := bus.Reply(http.StatusPermanentRedirect, nil)
	reply.Header.Add("Location", to.String())
	return reply
}

// missing answers where nothing is.
func (s *site) missing(ctx context.Context, m *bus.Message, place adaptors.Key) (*bus.Message, error) {
	if s.divert && wantsPage(m.Header, place) {
		reply, err := s.page(ctx, m, adaptors.Key{s.index})
		if err == nil {
			reply.Header.Add("Vary", "Accept")
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return reply, err
		}
	}
	return nil, &bus.Error{Status: http.StatusNotFound, Detail: "the site has no page here", Err: fs.ErrNotExist}
}

// wantsPage reports whether a request is for a page of the site, and not for
// something that a page is made of, for which a page would be the wrong answer:
// it accepts text/html by name, or anything at a path without an extension.
func wantsPage(h bus.Header, place adaptors.Key) bool {
	accept := h.List("Accept")
	switch {
	case bus.Quality(accept, "text/html") > 0:
		return true
	case accept != "" && bus.Quality(accept, "*/*") == 0:
		return false
	}
	return len(place) == 0 || path.Ext(place[len(place)-1]) == ""
}

// mayRead reports whether the user of m may read the file at a key, which need
// not be the path that was asked for: a default resource, or a file of which
// that is a coding.
func mayRead(m *bus.Message, key adaptors.Key) bool {
	if m.Sees == nil {
		return true
	}
	last := len(key) - 1
	for _, c := range codings() {
		if plain, ok := strings.CutSuffix(key[last], c.extension); ok && plain != "" && !m.Sees(append(slices.Clone(key[:last]), plain)) {
			return false
		}
	}
	return m.Sees(key)
}

// page answers with the file at a key, in the coding that suits the client
// best of those that are stored beside it.
func (s *site) page(ctx context.Context, m *bus.Message, key adaptors.Key) (*bus.Message, error) {
	if !mayRead(m, key) {
		return nil, fs.ErrNotExist
	}
	name := key[len(key)-1]
	mediaType := adaptors.MediaType(name)
	if !compresses(mediaType) {
		reply, err := s.files.Read(ctx, m, key)
		return s.finish(m, reply, name), err
	}
	for _, c := range accepted(m.Header) {
		reply, err := s.files.Read(ctx, m, append(slices.Clone(key[:len(key)-1]), name+c.extension))
		switch {
		case absent(err):
			continue
		case err != nil:
			return nil, err
		case reply.Body != nil:
			reply.Header.Add("Content-Encoding", c.name)
			reply.Body = retyped(reply.Body, mediaType)
		}
		reply.Header.Add("Vary", "Accept-Encoding")
		return s.finish(m, reply, name), nil
	}
	reply, err := s.files.Read(ctx, m, key)
	if err == nil {
		reply.Header.Add("Vary", "Accept-Encoding")
	}
	return s.finish(m, reply, name), err
}

// finish adds what may be kept of an answer by caches. reply may be nil.
func (s *site) finish(m *bus.Message, reply *bus.Message, name string) *bus.Message {
	if reply != nil && immutable(name) {
		value := "public, max-age=31536000, immutable"
		if m.User != nil { // what only users may read is for no shared cache
			value = "private, max-age=31536000, immutable"
		}
		reply.Header.Add("Cache-Control", value)
	}
	return reply
}

// retyped returns b with another media type.
func retyped(b *bus.Body, mediaType string) *bus.Body {
	if stream := b.Stream(); stream != nil {
		return bus.NewStream(stream, b.Size(), mediaType)
	}
	data, _ := b.Bytes(b.Size()) // they are in memory
	return bus.NewBody(data, mediaType)
}
