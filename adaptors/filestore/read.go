package filestore

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// Get is part of adaptors.Store. The body's stream is the open *os.File, at
// the beginning of what was asked for; the body's size says where it ends.
func (s *Store) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if err := s.enter(ctx); err != nil {
		return nil, adaptors.Info{}, err
	}
	defer s.leave()
	last := len(key) - 1
	parent, err := s.root.find(key[:last])
	if missing(err) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, adaptors.Info{}, err
	}
	defer s.root.done(parent)

	f, st, err := s.root.openFile(parent, adaptors.EscapeName(key[last]), o.Meta)
	if err != nil {
		return nil, adaptors.Info{}, err
	}
	info := infoOf(key[last], &st)
	if o.Range == nil {
		if f == nil {
			return nil, info, nil
		}
		return bus.NewStream(f, info.Size, ""), info, nil
	}
	body, err := part(f, *o.Range, info.Size)
	return body, info, err
}

// part returns the body of a range of f, which it closes if it fails. f may be
// nil, and the body is then.
func part(f *os.File, of adaptors.Range, size int64) (*bus.Body, error) {
	offset, length, err := of.Resolve(size)
	if f == nil {
		return nil, err
	}
	if err == nil && offset > 0 {
		_, err = f.Seek(offset, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return bus.NewStream(f, length, ""), nil
}

// openFile opens the regular file name, or only returns its facts. It looks
// before it opens, since opening a device may do something, and again
// afterwards, since another file may have taken the place; opening a FIFO that
// came there does not wait.
func (r *root) openFile(d dir, name string, meta bool) (f *os.File, st unix.Stat_t, err error) {
	if err = d.stat(name, &st); err == nil {
		err = r.checkDocument(&st)
	}
	if err == nil && !meta {
		f, err = d.file(name, unix.O_RDONLY|unix.O_NONBLOCK, 0)
	}
	if missing(err) || errors.Is(err, unix.ENXIO) {
		err = fs.ErrNotExist
	}
	if err != nil || meta {
		return nil, st, err
	}
	err = retry("stat", name, func() error { return unix.Fstat(int(f.Fd()), &st) })
	if err == nil {
		err = r.checkDocument(&st)
	}
	if err != nil {
		return nil, st, errors.Join(err, f.Close())
	}
	return f, st, nil
}

// checkDocument returns fs.ErrNotExist for what is no regular file.
func (r *root) checkDocument(st *unix.Stat_t) error {
	switch {
	case !isRegular(st):
		return fs.ErrNotExist
	case uint64(st.Dev) != r.id.device:
		return errors.New("another file system is mounted here: give it a service of its own")
	}
	return nil
}

func infoOf(name string, st *unix.Stat_t) adaptors.Info {
	return adaptors.Info{
		Name:    name,
		Size:    st.Size,
		ModTime: time.Unix(st.Mtim.Unix()),
		ETag:    etag(st),
	}
}

func etag(st *unix.Stat_t) string {
	text := strconv.AppendUint(make([]byte, 0, 40), st.Ino, 36)
	text = strconv.AppendInt(append(text, '-'), st.Size, 36)
	return string(strconv.AppendInt(append(text, '-'), st.Mtim.Nano(), 36))
}
