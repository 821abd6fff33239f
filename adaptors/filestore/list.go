package filestore

import (
	"context"
	"iter"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
)

// defaultPage is how many names of a directory are in memory while a page of a
// listing is yielded, and half of how many are while it is read.
const defaultPage = 10_000

// kind is what a directory says that an entry is.
type kind int

const (
	other kind = iota // neither of those below: it is not listed
	unknown
	document
	directory
)

// List is part of adaptors.Store. It holds no lock and no descriptor while it
// yields. The directory is read once for every 10,000 names, so that a listing
// of any length takes the memory of that many.
func (s *Store) List(ctx context.Context, prefix adaptors.Key, after string) iter.Seq2[adaptors.Info, error] {
	return func(yield func(adaptors.Info, error) bool) {
		position := adaptors.Position(after)
		for {
			page, err := s.page(ctx, prefix, position)
			if err != nil {
				yield(adaptors.Info{}, err)
				return
			}
			for _, position = range page {
				if !yield(listed(position), nil) {
					return
				}
			}
			if len(page) < s.pageSize {
				return
			}
		}
	}
}

// listed returns the Info of a position in a listing.
func listed(position string) adaptors.Info {
	name, dir := position, position[len(position)-1] == '/'
	if dir {
		name = name[:len(name)-1]
	}
	segment, _ := adaptors.UnescapeName(name) // it was looked at when it was selected
	return adaptors.Info{Name: segment, Dir: dir, Size: -1}
}

// page returns the first positions after one of the directory at prefix, in
// order.
func (s *Store) page(ctx context.Context, prefix adaptors.Key, after string) ([]string, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	found, err := s.root.find(prefix)
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer s.root.done(found)
	d, err := found.open(".") // with a place of its own in the directory
	if err != nil {
		return nil, err
	}
	defer d.close()
	first := selection{after: after, size: s.pageSize}
	err = d.each(ctx, func(name []byte, is kind) error {
		if is == unknown {
			is = d.kindOf(string(name))
		}
		first.offer(name, is)
		return nil
	})
	return first.positions(), err
}

// kindOf asks the file system what name is.
func (d dir) kindOf(name string) kind {
	var st unix.Stat_t
	if d.stat(name, &st) != nil { // removed meanwhile
		return other
	}
	switch uint32(st.Mode) & unix.S_IFMT {
	case unix.S_IFREG:
		return document
	case unix.S_IFDIR:
		return directory
	}
	return other
}

// selection keeps the first names after a position, of all that are offered.
type selection struct {
	after string
	size  int      // of a page
	last  string   // of a full page; "" is none
	list  []string // up to two pages, unsorted
}

func (s *selection) offer(name []byte, is kind) {
	var slash string
	switch is {
	case document:
	case directory:
		slash = "/"
	default:
		return
	}
	// Most names of a large directory end here, before anything is allocated.
	if s.last != "" && string(name) > s.last || slash == "" && string(name) <= s.after {
		return
	}
	position := string(name) + slash
	if position <= s.after {
		return
	}
	if _, ok := adaptors.UnescapeName(position[:len(name)]); !ok {
		return
	}
	if s.list = append(s.list, position); len(s.list) == 2*s.size {
		s.trim()
		s.last = s.list[len(s.list)-1]
	}
}

// trim sorts the list and cuts it to a page.
func (s *selection) trim() {
	slices.Sort(s.list)
	s.list = slices.Compact(s.list) // a directory may give a name twice while it changes
	if len(s.list) > s.size {
		clear(s.list[s.size:])
		s.list = s.list[:s.size]
	}
}

func (s *selection) positions() []string {
	s.trim()
	return s.list
}
