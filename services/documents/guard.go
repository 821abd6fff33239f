package documents

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"net/http"
	"slices"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// A Guard stands between a request and the store of JSON documents: it says what
// comes out of there, and what goes in. Schemas pass it as they are.
type Guard struct {
	// Show returns a stored document as it is read: in answers, listings,
	// searches, zips, and where it is patched. An error that is fs.ErrNotExist
	// has it as if it were not there. It must not change the bytes.
	Show func(key adaptors.Key, document []byte) ([]byte, error)

	// Hides says that Show has such errors: a listing then asks about each
	// document, and has no directory that nothing is shown of.
	Hides bool

	// Admit returns what is stored where after was sent; what after is nil for
	// is deleted. before is what is stored there, whether it is shown or not,
	// and nil if nothing is. It may be called again, since it is that document
	// which is replaced, and no other that was written meanwhile. It must not
	// change the bytes.
	Admit func(ctx context.Context, key adaptors.Key, before, after []byte) ([]byte, error)

	// Done, which may be nil, is called when a document was written: before was
	// there, and now there is stored, nil for nothing.
	Done func(ctx context.Context, key adaptors.Key, before, stored []byte)
}

// Guarded returns the same documents, behind a guard.
func (d *Documents) Guarded(g *Guard) *Documents {
	view := *d
	view.Keep = d.Keep.Through(func(s adaptors.Store) adaptors.Store {
		view.guard = &guardedStore{Store: s, guard: g, most: d.MaxBody}
		return view.guard
	})
	return &view
}

// guardOf returns the guard that rules over documents are.
func guardOf(rules bus.Records) *Guard {
	return &Guard{
		Hides: true,
		Show: func(key adaptors.Key, document []byte) ([]byte, error) {
			if !rules.Reads(key, document) {
				return nil, fs.ErrNotExist
			}
			return document, nil
		},
		Admit: func(_ context.Context, key adaptors.Key, before, after []byte) ([]byte, error) {
			return after, rules.Writes(key, before, after)
		},
	}
}

// guardedStore is a store behind a guard.
type guardedStore struct {
	adaptors.Store
	guard *Guard
	most  int64 // bytes of a document
}

// passes reports whether what is at a key is not for the guard.
func passes(key adaptors.Key) bool { return key[len(key)-1] == schemaName }

// Get is part of adaptors.Store.
func (s *guardedStore) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if passes(key) {
		return s.Store.Get(ctx, key, o)
	}
	shown, info, err := s.shown(ctx, key)
	if err != nil || o.Meta {
		return nil, info, err
	}
	if o.Range != nil {
		offset, length, err := o.Range.Resolve(info.Size)
		if err != nil {
			return nil, info, err
		}
		shown = shown[offset : offset+length]
	}
	return bus.NewBody(shown, ""), info, nil
}

// shown returns a document as the guard shows it. What is too large to be looked
// at is not there.
func (s *guardedStore) shown(ctx context.Context, key adaptors.Key) ([]byte, adaptors.Info, error) {
	document, info, err := s.read(ctx, key)
	if err != nil {
		if bus.Classify(err).Status == http.StatusRequestEntityTooLarge {
			err = fs.ErrNotExist
		}
		return nil, adaptors.Info{}, err
	}
	shown, err := s.guard.Show(key, document)
	if err != nil {
		return nil, adaptors.Info{}, err
	}
	info.Size = int64(len(shown))
	return shown, info, nil
}

// read returns a document as it is.
func (s *guardedStore) read(ctx context.Context, key adaptors.Key) ([]byte, adaptors.Info, error) {
	body, info, err := s.Store.Get(ctx, key, adaptors.GetOptions{})
	if err != nil {
		return nil, info, err
	}
	document, err := body.Bytes(s.most)
	return document, info, errors.Join(err, body.Close())
}

// Put is part of adaptors.Store.
func (s *guardedStore) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	if passes(key) {
		return s.Store.Put(ctx, key, b, c)
	}
	after, err := b.Bytes(s.most)
	if err = errors.Join(err, b.Close()); err != nil {
		return adaptors.Info{}, err
	}
	var stored adaptors.Info
	err = s.change(ctx, key, after, c, func(next []byte, c adaptors.Condition) error {
		stored, err = s.Store.Put(ctx, key, bus.NewBody(next, b.MediaType()), c)
		return err
	})
	return stored, err
}

// Delete is part of adaptors.Store.
func (s *guardedStore) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	if passes(key) {
		return s.Store.Delete(ctx, key, c)
	}
	return s.change(ctx, key, nil, c, func(_ []byte, c adaptors.Condition) error { return s.Store.Delete(ctx, key, c) })
}

// change has do write what the guard admits, under the condition that what it
// was asked about is still there.
func (s *guardedStore) change(ctx context.Context, key adaptors.Key, after []byte, c adaptors.Condition, do func(next []byte, c adaptors.Condition) error) error {
	for range maxAttempts {
		before, info, err := s.read(ctx, key)
		exact := adaptors.Condition{Match: []string{info.ETag}}
		known := &info
		switch {
		case errors.Is(err, fs.ErrNotExist):
			before, known, exact = nil, nil, adaptors.Condition{Absent: true}
		case err != nil:
			return err
		default:
			if _, err := s.guard.Show(key, before); errors.Is(err, fs.ErrNotExist) {
				known = nil // for its user, and so for their condition
			}
		}
		if after == nil && known == nil {
			return fs.ErrNotExist
		}
		if err := c.Check(known); err != nil {
			return err
		}
		next, err := s.guard.Admit(ctx, key, before, after)
		if err != nil {
			return err
		}
		if err = do(next, exact); !errors.Is(err, adaptors.ErrCondition) {
			if err == nil && s.guard.Done != nil {
				s.guard.Done(ctx, key, before, next)
			}
			return err
		}
	}
	return bus.Errorf(http.StatusConflict, "others change the document all the time: try again later")
}

// check returns why a document could not be put.
func (s *guardedStore) check(ctx context.Context, key adaptors.Key, after []byte) error {
	before, _, err := s.read(ctx, key)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, err = s.guard.Admit(ctx, key, before, after)
	return err
}

// List is part of adaptors.Store. What it tells of a document is that of the one
// that is shown.
func (s *guardedStore) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	return func(yield func(adaptors.Info, error) bool) {
		for info, err := range s.Store.List(ctx, prefix, o) {
			if err == nil {
				info, err = s.listed(ctx, prefix, info)
			}
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if !yield(info, err) || err != nil {
				return
			}
		}
	}
}

// listed returns what a listing tells of an entry of dir. An error is
// fs.ErrNotExist where it has no such entry.
func (s *guardedStore) listed(ctx context.Context, dir adaptors.Key, info adaptors.Info) (adaptors.Info, error) {
	key := append(slices.Clone(dir), info.Name)
	switch {
	case info.Dir && s.guard.Hides:
		return info, s.hasShown(ctx, key)
	case info.Dir, passes(key):
		return info, nil
	case s.guard.Hides:
		_, info, err := s.shown(ctx, key)
		return info, err
	}
	return adaptors.Info{Name: info.Name, Content: info.Content}, nil
}

// hasShown returns fs.ErrNotExist unless the guard shows a document below a
// directory.
func (s *guardedStore) hasShown(ctx context.Context, dir adaptors.Key) error {
	for info, err := range s.Store.List(ctx, dir, adaptors.ListOptions{}) {
		if err != nil {
			return err
		}
		if key := append(slices.Clone(dir), info.Name); !info.Dir && passes(key) {
			continue
		}
		if _, err := s.listed(ctx, dir, info); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return fs.ErrNotExist
}
