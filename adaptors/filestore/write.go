package filestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// temporary is a body that is written, and not yet in its place.
type temporary struct {
	name string
	st   unix.Stat_t
}

// Put is part of adaptors.Store.
func (s *Store) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	defer b.Close()
	if err := s.enterWrite(ctx); err != nil {
		return adaptors.Info{}, err
	}
	defer s.leave()
	t, err := s.write(ctx, b)
	if err != nil {
		return adaptors.Info{}, err
	}
	created, err := s.place(ctx, t, key, &c)
	if err != nil {
		return adaptors.Info{}, err
	}
	info := infoOf(key[len(key)-1], &t.st)
	info.Created = created
	return info, nil
}

// write writes a body to a temporary file, with the time that its document
// will have.
func (s *Store) write(ctx context.Context, b *bus.Body) (*temporary, error) {
	t := &temporary{name: strconv.FormatUint(s.root.temps.Add(1), 36)}
	f, err := s.root.temp.file(t.name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fault(err)
	}
	err = fill(ctx, f, b)
	if err == nil {
		err = s.settle(f, t)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = s.root.temp.unlink(t.name) // the next start removes it
		return nil, err
	}
	return t, nil
}

// settle gives a file its time, and brings it to the disk.
func (s *Store) settle(f *os.File, t *temporary) error {
	next, err := s.root.nextTime()
	if err == nil {
		err = s.root.temp.setTime(t.name, next)
	}
	if err == nil {
		err = retry("stat", t.name, func() error { return unix.Fstat(int(f.Fd()), &t.st) })
	}
	if err == nil && s.durability != None {
		err = s.root.flush(int(f.Fd()))
	}
	return fault(err)
}

// copySize is how much of a stream is in memory at a time.
const copySize = 64 << 10

// fill writes a body to f.
func fill(ctx context.Context, f *os.File, b *bus.Body) error {
	size := b.Size()
	if b.Stream() == nil {
		data, err := b.Bytes(size)
		if err == nil {
			_, err = f.Write(data)
		}
		return err
	}
	from, buffer := io.Reader(&source{ctx, b.Stream()}), int64(copySize)
	if size >= 0 {
		from, buffer = io.LimitReader(from, size), max(1, min(size, copySize))
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{f}, from, make([]byte, buffer))
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && n < size || err == io.ErrUnexpectedEOF && size >= 0 {
		err = &bus.Error{Status: http.StatusBadRequest, Err: io.ErrUnexpectedEOF,
			Detail: fmt.Sprintf("the body ended after %d of %d bytes", n, size)}
	}
	return err
}

// source reads a stream as long as its context lasts.
type source struct {
	ctx    context.Context
	stream io.Reader
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.stream.Read(p)
}

// place brings a temporary file to its key, and removes it if that fails.
func (s *Store) place(ctx context.Context, t *temporary, key adaptors.Key, c *adaptors.Condition) (created bool, err error) {
	parents := parents{root: s.root}
	defer parents.close()
	if err = ctx.Err(); err == nil {
		created, err = parents.place(t, key, c)
	}
	if err != nil {
		parents.unmake()
		_ = s.root.temp.unlink(t.name) // the next start removes it
		return false, err
	}
	if s.syncsDirectories() {
		if err := parents.flush(); err != nil {
			return false, fmt.Errorf("the document is stored, but may not survive a power cut: %w", err)
		}
	}
	return created, nil
}

func (s *Store) syncsDirectories() bool { return syncsDirectories && s.durability == Full }

// replace compares the condition with the document at key and puts the
// temporary file in its place, in one step for all writers of this process.
func (r *root) replace(t *temporary, parent dir, key adaptors.Key, c *adaptors.Condition) (created bool, err error) {
	lock := r.keyLock(key)
	lock.Lock()
	defer lock.Unlock()
	segment := key[len(key)-1]
	name := adaptors.EscapeName(segment)
	current, err := r.current(parent, name, segment)
	if err != nil {
		return false, err
	}
	if err := c.Check(current); err != nil && comparesConditions {
		return false, err
	}
	if !c.Absent {
		err = r.temp.rename(t.name, parent, name)
	} else if err = r.temp.link(t.name, parent, name); err == nil {
		_ = r.temp.unlink(t.name) // a second name; the next start removes it
	}
	switch {
	case errors.Is(err, unix.EISDIR):
		return false, fs.ErrExist
	case errors.Is(err, unix.EEXIST):
		return false, adaptors.ErrCondition
	}
	return current == nil, fault(err)
}

// current returns the facts of a document that is to be replaced; nil if there
// is none. What is no document is in the way.
func (r *root) current(parent dir, name, segment string) (*adaptors.Info, error) {
	var st unix.Stat_t
	switch err := parent.stat(name, &st); {
	case errors.Is(err, unix.ENOENT):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if !isRegular(&st) {
		return nil, fs.ErrExist
	}
	if err := r.checkDocument(&st); err != nil {
		return nil, err
	}
	info := infoOf(segment, &st)
	return &info, nil
}

// Delete is part of adaptors.Store.
func (s *Store) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	if err := s.enterWrite(ctx); err != nil {
		return err
	}
	defer s.leave()
	parents := parents{root: s.root}
	defer parents.close()
	err := parents.descend(key[:len(key)-1], parents.open)
	if err == nil {
		err = s.root.remove(parents.lowest(), key, &c)
	}
	switch {
	case missing(err), errors.Is(err, fs.ErrNotExist):
		return fs.ErrNotExist
	case err != nil:
		return fault(err)
	}
	parents.prune(1)
	if s.syncsDirectories() {
		return s.root.flush(int(parents.lowest()))
	}
	return nil
}

// remove compares the condition with the document at key and removes it, in
// one step for all writers of this process.
func (r *root) remove(parent dir, key adaptors.Key, c *adaptors.Condition) error {
	lock := r.keyLock(key)
	lock.Lock()
	defer lock.Unlock()
	segment := key[len(key)-1]
	name := adaptors.EscapeName(segment)
	current, err := r.current(parent, name, segment)
	switch {
	case errors.Is(err, fs.ErrExist), err == nil && current == nil:
		return fs.ErrNotExist
	case err != nil:
		return err
	}
	if err := c.Check(current); err != nil && comparesConditions {
		return err
	}
	return parent.unlink(name)
}
