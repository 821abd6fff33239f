package documents

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/urlpattern"
)

// A walk goes through a directory for a listing, in the order of the store,
// each directory before what is in it. It passes on what the listing asks for
// and its user may see.
type walk struct {
	*Documents
	o     *listOptions
	sees  func([]string) bool
	visit func(ctx context.Context, e *entry) error // errEnough ends the walk

	// enters reports whether the walk goes into a directory; nil: into all.
	enters func(ctx context.Context, dir adaptors.Key) (bool, error)

	found bool // something is below the directory, seen or not
}

// An entry is a document or a directory of a listing. It is valid during one
// visit.
type entry struct {
	adaptors.Info
	key  adaptors.Key
	name []byte // as the listing shows it: relative to the listed directory
}

// errEnough ends a walk early.
var errEnough = errors.New("the page is full")

// each calls visit for what the listing shows of the directory dir, from the
// entry after on. The error is of status 404 where there is no such directory.
func (w *walk) each(ctx context.Context, dir adaptors.Key, after urlpattern.Path, visit func(context.Context, *entry) error) error {
	w.visit = visit
	if err := w.level(ctx, dir, nil, after); err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return w.exists(ctx, dir)
}

// exists returns an error of status 404 unless the directory dir, which was
// walked, is there.
func (w *walk) exists(ctx context.Context, dir adaptors.Key) error {
	if w.found || len(dir) == 0 {
		return nil
	}
	found, err := w.hasEntries(ctx, dir)
	if err == nil && !found {
		err = noDirectory()
	}
	return err
}

// level walks the directory dir, in whose entries' names prefix comes first,
// from the entry after on.
func (w *walk) level(ctx context.Context, dir adaptors.Key, prefix []byte, after urlpattern.Path) error {
	e := entry{key: slices.Grow(slices.Clone(dir), 2)}
	start := ""
	if rest := after.Segments; len(rest) > 0 {
		start = rest[0]
		if len(rest) > 1 || after.Dir { // it ended inside this directory, or right before its content
			e.set(dir, prefix, adaptors.Info{Name: start, Dir: true})
			if err := w.below(ctx, &e, urlpattern.Path{Segments: rest[1:], Dir: after.Dir}); err != nil {
				return err
			}
			start += "/"
		}
	}
	for info, err := range w.Keep.List(ctx, dir, adaptors.ListOptions{After: start, Page: w.o.skip + w.o.take + 1}) {
		if err != nil {
			return err
		}
		w.found = true
		e.set(dir, prefix, info)
		if err := w.pass(ctx, &e); err != nil {
			return err
		}
	}
	return nil
}

// pass visits an entry, and what is below it, where the listing shows them.
func (w *walk) pass(ctx context.Context, e *entry) error {
	if e.Dir {
		if !w.o.noDirs && !w.o.items && w.shows(e) {
			if err := w.visit(ctx, e); err != nil {
				return err
			}
		}
		return w.below(ctx, e, urlpattern.Path{})
	}
	if w.shows(e) {
		return w.visit(ctx, e)
	}
	return nil
}

// below walks the directory e from the entry after on, where the listing goes
// into it.
func (w *walk) below(ctx context.Context, e *entry, after urlpattern.Path) error {
	if !w.o.recursive || !w.shows(e) {
		return nil
	}
	if w.enters != nil {
		if enters, err := w.enters(ctx, e.key); err != nil || !enters {
			return err
		}
	}
	return w.level(ctx, e.key, e.name, after)
}

// shows reports whether e is for this listing: no hidden name unless they are
// asked for, nothing that no URL leads to, and only what the user may read.
func (w *walk) shows(e *entry) bool {
	switch {
	case e.Name[0] == '.' && !w.o.all:
		return false
	case w.JSON && !e.Dir && !strings.HasSuffix(e.Name, jsonExtension):
		return false
	case urlpattern.CheckSegment(e.Name) != nil:
		return false
	}
	return mayRead(w.sees, e.key, e.Dir)
}

// set makes e the entry of dir that info is about. It reuses what e has.
func (e *entry) set(dir adaptors.Key, prefix []byte, info adaptors.Info) {
	e.Info = info
	e.key = append(e.key[:len(dir)], info.Name)
	e.name = appendName(append(e.name[:0], prefix...), info.Name)
	if info.Dir {
		e.name = append(e.name, '/')
	}
}

// appendName adds a name to dst as listings show it: so that it can follow the
// URL of the directory, and a slash within it separates nothing. All else stays
// readable.
func appendName(dst []byte, name string) []byte {
	for i := range len(name) {
		switch c := name[i]; c {
		case '%', '/', '?', '#':
			const hex = "0123456789ABCDEF"
			dst = append(dst, '%', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
