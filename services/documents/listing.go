package documents

import (
	"context"
	"net/http"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

const mediaTypeListing = "inode/directory+json"

// list answers GET of a directory.
func (d *Documents) list(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	o, err := parseListOptions(m.URL.Query, d.JSON)
	if err != nil {
		return nil, err
	}
	if o.summary && !d.JSON {
		return nil, bus.Errorf(http.StatusBadRequest, "%s: only the service json has summaries: use details or items", listKey)
	}
	if o.summary && d.Summary == nil {
		return nil, bus.Errorf(http.StatusBadRequest, "%s: there are no summaries, since the configuration of this service does not say which members they have: use items", listKey)
	}
	if o.zip {
		return d.zip(ctx, m, &o)
	}
	if o.search != nil {
		return d.find(ctx, m, &o)
	}
	p := newPage(d, &o)
	w := walk{Documents: d, o: &o, sees: m.Sees}
	if err = w.each(ctx, adaptors.Key(m.ServicePath()), o.after, p.visit); err != nil {
		return nil, err
	}
	reply := bus.Reply(200, bus.NewBody(p.end(), mediaTypeListing))
	if p.more {
		reply.Header.Add("Link", nextLink(m.URL, []string{afterKey, skipKey}, [2]string{afterKey, string(p.last)}))
	}
	return reply, nil
}

// nextLink returns the value of Link (RFC 8288) for the next page: the query
// stays but for the keys without, and with is added to it.
func nextLink(u urlpattern.URL, without []string, with ...[2]string) string {
	link := append(make([]byte, 0, 256), '<')
	link = append(link, urlpattern.Path{Segments: u.Path, Dir: true}.String()...)
	mark := byte('?')
	add := func(key, value string) {
		link = urlpattern.AppendSegment(append(link, mark), key)
		link = urlpattern.AppendSegment(append(link, '='), value)
		mark = '&'
	}
	for key, value := range urlpattern.QueryPairs(u.Query) {
		if !contains(without, key) {
			add(key, value)
		}
	}
	for _, pair := range with {
		add(pair[0], pair[1])
	}
	return string(append(link, `>; rel="next"`...))
}
