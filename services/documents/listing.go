package documents

import (
	"context"
	"errors"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

const mediaTypeListing = "inode/directory+json"

// list answers GET of a directory.
func (d *Documents) list(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	o, err := parseListOptions(m.URL.Query)
	if err != nil {
		return nil, err
	}
	if o.zip {
		return d.zip(ctx, m, &o)
	}
	dir := adaptors.Key(m.ServicePath())
	p := newPage(d, &o)
	w := walk{Documents: d, o: &o, sees: m.Sees, visit: p.visit}
	err = w.level(ctx, dir, nil, o.after)
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	if err := w.exists(ctx, dir); err != nil {
		return nil, err
	}
	reply := bus.Reply(200, bus.NewBody(p.end(), mediaTypeListing))
	if p.more {
		reply.Header.Add("Link", nextLink(m.URL, p.last))
	}
	return reply, nil
}

// nextLink returns the value of Link (RFC 8288) for the page after the entry
// last: the query stays but for where the page begins.
func nextLink(u urlpattern.URL, last []byte) string {
	link := append(make([]byte, 0, 256), '<')
	link = append(link, urlpattern.Path{Segments: u.Path, Dir: true}.String()...)
	mark := byte('?')
	add := func(key, value string) {
		link = urlpattern.AppendSegment(append(link, mark), key)
		link = urlpattern.AppendSegment(append(link, '='), value)
		mark = '&'
	}
	for key, value := range urlpattern.QueryPairs(u.Query) {
		if key != afterKey && key != skipKey {
			add(key, value)
		}
	}
	add(afterKey, string(last))
	return string(append(link, `>; rel="next"`...))
}
