package filestore

import (
	"context"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
)

// maxPage is how many names of a directory are in memory at most while a page
// of a listing is yielded, and half of how many are while it is read. It is one
// more than what a server gives out at once, so that who looks whether there is
// a next page need not read the directory again.
const maxPage = 10_001

// kind is what a directory says that an entry is.
type kind int

const (
	other kind = iota // neither of those below: it is not listed
	unknown
	document
	directory
)

// List is part of adaptors.Store. It holds no lock and no descriptor while it
// yields. The directory is read once for every page, so that a listing of any
// length takes the memory of one.
func (s *Store) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	return func(yield func(adaptors.Info, error) bool) {
		position, size := adaptors.Position(o.After), s.pageSize
		if o.Page > 0 {
			size = min(o.Page, size)
		}
		for {
			page, more, err := s.page(ctx, prefix, position, size)
			if err != nil {
				yield(adaptors.Info{}, err)
				return
			}
			for _, position = range page {
				if !yield(listed(position), nil) {
					return
				}
			}
			if !more {
				return
			}
			size = s.pageSize // more is wanted than was said
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

// page returns the first positions after one of the directory at prefix, size
// of them at most, in order, and whether there are more.
func (s *Store) page(ctx context.Context, prefix adaptors.Key, after string, size int) (page []string, more bool, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	defer s.leave()
	found, err := s.root.find(prefix)
	if missing(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer s.root.done(found)
	d, err := found.open(".") // with a place of its own in the directory
	if err != nil {
		return nil, false, err
	}
	defer d.close()
	first := selection{after: after, size: size}
	err = d.each(ctx, func(name []byte, is kind) error {
		if is == unknown {
			is = d.kindOf(string(name))
		}
		first.offer(name, is)
		return nil
	})
	return first.positions(), first.more, err
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
	size  int             // of a page
	last  string          // what comes after it is on no page; "" is not known
	more  bool            // something is left out, since the page is full
	list  []string        // up to two pages, unsorted; views of names
	names strings.Builder // what has no room left is let go with its views
}

// nameChunk is how much memory is taken for names at once.
const nameChunk = 32 << 10

func (s *selection) offer(name []byte, is kind) {
	var slash string
	switch is {
	case document:
	case directory:
		slash = "/"
	default:
		return
	}
	// Most names of a large directory end here, before anything is copied.
	if s.last != "" && string(name) > s.last {
		s.more = true
		return
	}
	if slash == "" && string(name) <= s.after {
		return
	}
	position := s.keep(name, slash)
	if position <= s.after {
		return
	}
	if _, ok := adaptors.UnescapeName(position[:len(name)]); !ok {
		return
	}
	if s.list = append(s.list, position); len(s.list) == 2*s.size {
		s.trim()
	}
}

// keep copies a name to where its page is.
func (s *selection) keep(name []byte, slash string) string {
	begin := s.room(len(name) + len(slash))
	s.names.Write(name)
	s.names.WriteString(slash)
	return s.names.String()[begin:]
}

// room makes room for a name of n bytes and returns where it begins.
func (s *selection) room(n int) int {
	if s.names.Cap()-s.names.Len() < n {
		s.names = strings.Builder{}
		s.names.Grow(nameChunk)
	}
	return s.names.Len()
}

// trim cuts the list to the names of a page, in whatever order. They are
// copied, so that the memory of the rest is free.
func (s *selection) trim() {
	if len(s.list) <= s.size {
		return
	}
	smallest(s.list, s.size)
	s.more = true
	clear(s.list[s.size:])
	s.list = s.list[:s.size]
	s.last = slices.Max(s.list)
	s.names = strings.Builder{}
	for i, position := range s.list {
		begin := s.room(len(position))
		s.names.WriteString(position)
		s.list[i] = s.names.String()[begin:]
	}
}

// positions returns the page, in order.
func (s *selection) positions() []string {
	s.trim()
	slices.Sort(s.list)
	return slices.Compact(s.list) // a directory may give a name twice while it changes
}

// smallest moves the n smallest of list to its beginning (C. A. R. Hoare,
// Algorithm 65: Find). The time is that of the length of the list, whatever its
// order, since the pivots are drawn by chance.
func smallest(list []string, n int) {
	for low, high := 0, len(list)-1; low < high; {
		pivot := list[low+rand.IntN(high-low+1)]
		i, j := low, high
		for i <= j {
			for list[i] < pivot {
				i++
			}
			for list[j] > pivot {
				j--
			}
			if i <= j {
				list[i], list[j] = list[j], list[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			high = j
		case n >= i:
			low = i
		default:
			return
		}
	}
}
