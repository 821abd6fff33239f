package documents

import (
	"context"
	"errors"
	"io/fs"
	"net/http"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// neighbors knows what is where the documents of a zip are to be, and in their
// way. It lists each directory once, and nothing below one that is not there.
type neighbors struct {
	*Documents
	zip   names
	left  int             // how many entries may still be listed
	known map[string]bool // directories that were looked at: true was listed whole
	found map[string]standing
}

// listedEach is how many entries a listing may have for each document of a zip.
// Where there are more, it is as quick to ask about each document.
const listedEach = 1000

func newNeighbors(d *Documents, zip names) *neighbors {
	return &neighbors{Documents: d, zip: zip, left: listedEach * len(zip.documents),
		known: make(map[string]bool), found: make(map[string]standing)}
}

// A standing is what is where a document or a directory should be.
type standing int8

const (
	nothing standing = iota
	document
	directory // something is below it
)

// look reports whether the document at a key is there. A document above it, or a
// directory in its place, is an error of status 409.
func (n *neighbors) look(ctx context.Context, key adaptors.Key) (there bool, err error) {
	above, err := n.above(ctx, key[:len(key)-1])
	switch {
	case err != nil, above == nothing:
		return false, err
	case above == document:
		return false, bus.Errorf(http.StatusConflict, "a document is where its directory should be: delete that, or choose another name")
	}
	s, err := n.inside(ctx, key)
	if s == directory && err == nil {
		err = bus.Errorf(http.StatusConflict, "a directory has its name: delete that, or choose another name")
	}
	return s == document, err
}

// above returns what is at the key of what should be a directory: a document
// also where one is above it.
func (n *neighbors) above(ctx context.Context, key adaptors.Key) (standing, error) {
	if len(key) == 0 {
		return directory, nil
	}
	s, err := n.above(ctx, key[:len(key)-1])
	if err == nil && s == directory {
		s, err = n.inside(ctx, key)
	}
	return s, err
}

// inside returns what is at a key of a directory that is there.
func (n *neighbors) inside(ctx context.Context, key adaptors.Key) (standing, error) {
	text := key.String()
	if s, ok := n.found[text]; ok {
		return s, nil
	}
	whole, err := n.list(ctx, key[:len(key)-1])
	if err == nil && !whole {
		n.found[text], err = n.ask(ctx, key)
	}
	return n.found[text], err
}

// list notes what of the zip is in a directory. It reports whether it saw all of
// the directory.
func (n *neighbors) list(ctx context.Context, dir adaptors.Key) (whole bool, err error) {
	text := dir.String()
	if whole, ok := n.known[text]; ok {
		return whole, nil
	}
	whole = true
	key := append(dir[:len(dir):len(dir)], "")
	for info, err := range n.Keep.List(ctx, dir, adaptors.ListOptions{}) {
		if err != nil {
			return false, err
		}
		if n.left--; n.left < 0 {
			whole = false
			break
		}
		key[len(dir)] = info.Name
		n.note(key.String(), info.Dir)
	}
	n.known[text] = whole
	return whole, nil
}

// note keeps what is at a key if the zip has something there. A store may have
// both, a document and a directory.
func (n *neighbors) note(text string, dir bool) {
	if n.zip.documents[text] || n.zip.dirs[text] {
		found := document
		if dir {
			found = directory
		}
		n.found[text] = max(n.found[text], found)
	}
}

// ask returns what is at a key, whatever else is in its directory.
func (n *neighbors) ask(ctx context.Context, key adaptors.Key) (standing, error) {
	found, err := n.hasEntries(ctx, key)
	if found || err != nil {
		return directory, err
	}
	_, _, err = n.Keep.Get(ctx, key, adaptors.GetOptions{Meta: true})
	if errors.Is(err, fs.ErrNotExist) {
		return nothing, nil
	}
	return document, err
}
