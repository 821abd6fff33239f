package documents

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// A source gives the documents of a directory that a search has to look at. A
// walk gives all of them. An index would be another source: made for a filter,
// it leaves out what it knows not to meet it. The search looks at each document
// itself, so that an index may be behind, and give too many.
type source interface {
	// each calls visit for the documents that the user may see, in the order
	// of their names, from the one after on, until visit returns an error;
	// errEnough is a good end. A directory that does not exist is an error of
	// status 404.
	each(ctx context.Context, dir adaptors.Key, after urlpattern.Path, visit func(context.Context, *entry) error) error
}

// A finder makes the answer to a search.
type finder struct {
	*page // of what was found
	*search
	url    urlpattern.URL
	seen   int // documents that were looked at
	ranked ranking
}

// find answers GET of a directory with what a search finds in it. The answer
// has no ETag: nothing tells a change of one document of many.
func (d *Documents) find(ctx context.Context, m *bus.Message, o *listOptions) (*bus.Message, error) {
	f := &finder{page: newPage(d, o), search: o.search, url: m.URL}
	var from source = &walk{Documents: d, o: o, sees: m.Sees}
	answer := f.inOrderOfNames
	if f.whole() {
		answer = f.inOrder
	}
	next, err := answer(ctx, from, m.ServicePath())
	if err != nil {
		return nil, err
	}
	reply := bus.Reply(http.StatusOK, bus.NewBody(f.end(), "application/json"))
	if f.more {
		reply.Header.Add("Link", next)
	}
	return reply, nil
}

// inOrderOfNames fills the page with what is found until it is full, or enough
// was looked at. It returns the link to the next one.
func (f *finder) inOrderOfNames(ctx context.Context, from source, dir adaptors.Key) (string, error) {
	err := from.each(ctx, dir, f.o.after, func(ctx context.Context, e *entry) error {
		if f.count == f.o.take || f.seen == maxSearch {
			f.more = f.o.take > 0
			return errEnough
		}
		f.seen++
		if err := f.add(ctx, e.key, e.name); err != nil {
			f.more = errors.Is(err, errEnough)
			return err
		}
		f.last = append(f.last[:0], e.name...)
		return nil
	})
	with := [][2]string{{afterKey, string(f.last)}}
	if f.skip > 0 {
		with = append(with, [2]string{skipKey, strconv.Itoa(f.skip)})
	}
	return nextLink(f.url, []string{afterKey, skipKey}, with...), err
}

// inOrder looks at all documents, and fills the page with those whose turn it
// is. They are read once more for that, so that none of them is held, and must
// still be what is searched for. It returns the link to the next page.
func (f *finder) inOrder(ctx context.Context, from source, dir adaptors.Key) (string, error) {
	f.skip = 0
	f.ranked = ranking{order: f.order, most: min(f.o.skip+f.o.take, maxSearch)}
	if f.o.take == 0 {
		f.ranked.most = 0
	}
	if err := from.each(ctx, dir, urlpattern.Path{}, f.rank); err != nil {
		return "", err
	}
	if f.counted {
		f.text = fmt.Appendf(nil, `{"count":%d,"value":%s`, f.ranked.found, f.text)
	}
	list := f.ranked.sorted()
	next := min(f.o.skip, len(list))
	for _, r := range list[next:] {
		err := f.add(ctx, r.key, r.name)
		if errors.Is(err, errEnough) {
			break
		} else if err != nil {
			return "", err
		}
		next++
	}
	f.more = f.o.take > 0 && next < f.ranked.found
	return nextLink(f.url, []string{skipKey}, [2]string{skipKey, strconv.Itoa(next)}), nil
}

// rank notes a document, if it is found, for its place in the order.
func (f *finder) rank(ctx context.Context, e *entry) error {
	if f.seen == maxSearch {
		return f.tooMany()
	}
	f.seen++
	if f.filter == nil && f.order == nil {
		return f.ranked.add(e, nil)
	}
	return f.read(ctx, e.key, e.name, func(data []byte) error {
		if f.order == nil {
			return f.ranked.add(e, nil)
		}
		return f.ranked.add(e, f.order.Rank(data))
	})
}

// tooMany links to the same search without what needs all documents. $top stands
// there so that it stays a search.
func (f *finder) tooMany() error {
	top := f.o.take
	if top == 0 {
		top = maxTake
	}
	return &bus.Error{
		Status: http.StatusBadRequest,
		Detail: fmt.Sprintf("%s and %s have to look at all documents, and there are more than %d: search in a directory that has fewer, "+
			"or leave them out and follow Link from page to page", orderKey, countKey, maxSearch),
		Header: bus.Header{{Name: "Link", Value: nextLink(f.url, []string{orderKey, countKey, skipKey, topKey}, [2]string{topKey, strconv.Itoa(top)})}},
	}
}

// add adds a document to the page, if it is found and none to be skipped. It
// returns errEnough where the page has no room for it.
func (f *finder) add(ctx context.Context, key adaptors.Key, name []byte) error {
	if f.filter == nil && f.skip > 0 {
		f.skip--
		return nil
	}
	return f.read(ctx, key, name, func(data []byte) error {
		if f.skip > 0 {
			f.skip--
			return nil
		}
		return f.write(name, data)
	})
}

// read calls use with a document if the filter finds it. What is no JSON, as
// somebody else may have stored it, is not found.
func (f *finder) read(ctx context.Context, key adaptors.Key, name []byte, use func(data []byte) error) error {
	body, info, err := f.Keep.Get(ctx, key, adaptors.GetOptions{})
	if errors.Is(err, fs.ErrNotExist) { // deleted since the store listed it
		return nil
	}
	if err != nil {
		return err
	}
	defer body.Close()
	if info.Size > f.MaxBody {
		return bus.Errorf(http.StatusRequestEntityTooLarge, "%s has %d bytes, too many to search in: GET it by itself", name, info.Size)
	}
	data, err := body.Bytes(f.MaxBody)
	if err != nil {
		return err
	}
	if f.filter != nil && !f.filter.Match(data) || CheckJSON(data) != nil {
		return nil
	}
	return use(data)
}

func (f *finder) write(name, data []byte) error {
	before := len(f.text)
	if f.count > 0 {
		f.text = append(f.text, ',')
	}
	if f.o.items {
		if err := f.quote(name); err != nil {
			return err
		}
		f.text = append(f.text, ':')
	}
	if f.fields == nil {
		f.text = append(f.text, bytes.TrimSpace(data)...)
	} else {
		f.text = f.fields.Append(f.text, data)
	}
	if f.count > 0 && int64(len(f.text)) > pageBodies*f.MaxBody {
		f.text = f.text[:before]
		return errEnough
	}
	f.count++
	return nil
}

// end returns the whole text.
func (f *finder) end() []byte {
	text := f.page.end()
	if f.counted {
		text = append(text, '}')
	}
	return text
}
