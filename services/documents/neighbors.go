package documents

import (
	"context"
	"errors"
	"io/fs"
	"net/http"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// neighbors knows what is in the way of new documents. It looks at each
// directory once, and at nothing below one that is not there.
type neighbors struct {
	*Documents
	known map[string]standing // by the key of what should be a directory
}

// A standing is what is where a directory should be.
type standing int8

const (
	nothing   standing = iota
	directory          // something is below it
	document           // or one is above it
)

// look returns the facts of the document at a key where they are wanted, nil
// if it is not there. A document above it, or a directory in its place, is an
// error of status 409.
func (n *neighbors) look(ctx context.Context, key adaptors.Key, facts bool) (*adaptors.Info, error) {
	above, err := n.at(ctx, key[:len(key)-1])
	switch {
	case err != nil, above == nothing:
		return nil, err
	case above == document:
		return nil, bus.Errorf(http.StatusConflict, "a document is where its directory should be: delete that, or choose another name")
	}
	found, err := n.hasEntries(ctx, key)
	switch {
	case err != nil:
		return nil, err
	case found:
		return nil, bus.Errorf(http.StatusConflict, "a directory has its name: delete that, or choose another name")
	case !facts:
		return nil, nil
	}
	return n.find(ctx, key)
}

func (n *neighbors) find(ctx context.Context, key adaptors.Key) (*adaptors.Info, error) {
	_, info, err := n.Keep.Get(ctx, key, adaptors.GetOptions{Meta: true})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return &info, err
}

func (n *neighbors) at(ctx context.Context, key adaptors.Key) (standing, error) {
	if len(key) == 0 {
		return directory, nil
	}
	text := key.String()
	if s, ok := n.known[text]; ok {
		return s, nil
	}
	s, err := n.at(ctx, key[:len(key)-1])
	if err == nil && s == directory {
		s, err = n.inside(ctx, key)
	}
	if err == nil {
		n.known[text] = s
	}
	return s, err
}

// inside returns what is at a key of a directory that is there.
func (n *neighbors) inside(ctx context.Context, key adaptors.Key) (standing, error) {
	found, err := n.hasEntries(ctx, key)
	if found || err != nil {
		return directory, err
	}
	info, err := n.find(ctx, key)
	if info != nil && err == nil {
		return document, nil
	}
	return nothing, err
}
