package filestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// small is the size up to which a body is read at once: cheaper than what an
// os.File costs to make.
const small = 16 << 10

// Get is part of adaptors.Store. The body is bytes where it is small. Else its
// stream is the open *os.File, at the beginning of what was asked for; the
// body's size says where it ends.
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

	name, hash := adaptors.EscapeName(key[last]), s.root.hash(key)
	whole := !o.Meta && o.Range == nil
	if whole {
		if d := s.root.recall(hash, parent, name); d != nil {
			info := d.info
			info.Name = key[last]
			return bus.NewBody(d.data, ""), info, nil
		}
	}
	fd, st, err := s.root.openFile(parent, name, o.Meta)
	if err != nil {
		return nil, adaptors.Info{}, err
	}
	info := infoOf(key[last], &st)
	offset, length := int64(0), info.Size
	if o.Range != nil {
		offset, length, err = o.Range.Resolve(info.Size)
	}
	if o.Meta {
		return nil, info, err
	}
	if err != nil {
		return nil, info, errors.Join(err, unix.Close(fd))
	}
	body, err := bodyOf(fd, name, offset, length)
	if err == nil && whole {
		s.root.remember(hash, &st, &info, body)
	}
	return body, info, err
}

// bodyOf returns the body of a part of an open file, which the body owns.
func bodyOf(fd int, name string, offset, length int64) (*bus.Body, error) {
	if length > small {
		f := os.NewFile(uintptr(fd), name)
		if offset > 0 {
			if _, err := f.Seek(offset, io.SeekStart); err != nil {
				return nil, errors.Join(err, f.Close())
			}
		}
		return bus.NewStream(f, length, ""), nil
	}
	data := make([]byte, length)
	for read := 0; read < len(data); {
		var n int
		err := retry("read", name, func() (err error) {
			n, err = unix.Pread(fd, data[read:], offset+int64(read))
			return err
		})
		if err == nil && n == 0 {
			err = fmt.Errorf("read %s: somebody made it shorter: %w", name, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return nil, errors.Join(err, unix.Close(fd))
		}
		read += n
	}
	return bus.NewBody(data, ""), unix.Close(fd)
}

// openFile opens the regular file name, or only returns its facts. Opening
// follows no link and does not wait for a FIFO, and what turns out to be no
// regular file is closed again: looking before would cost each reader a system
// call, and say nothing about what is there a moment later.
func (r *root) openFile(d dir, name string, meta bool) (fd int, st unix.Stat_t, err error) {
	fd = -1
	if meta {
		err = d.stat(name, &st)
	} else if fd, err = d.openFile(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0); err == nil {
		err = retry("stat", name, func() error { return unix.Fstat(fd, &st) })
	}
	if err == nil {
		err = r.checkDocument(&st)
	}
	if missing(err) || errors.Is(err, unix.ENXIO) {
		err = fs.ErrNotExist
	}
	if err != nil && fd >= 0 {
		err, fd = errors.Join(err, unix.Close(fd)), -1
	}
	return fd, st, err
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
