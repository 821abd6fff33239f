package main

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/julienschmidt/httprouter"
)

// A writer replaces documents of a directory so that they survive a power cut.
type writer struct {
	root      *os.Root
	directory *os.File // the same, to be flushed
	pool      pool
	temps     atomic.Uint64
}

func newWriter(root *os.Root) (*writer, error) {
	directory, err := root.Open(".")
	return &writer{root: root, directory: directory}, err
}

// put stores a small document under a name.
func (s *writer) put(w http.ResponseWriter, r *http.Request, p httprouter.Params) {
	if r.ContentLength < 0 || r.ContentLength > bufferSize {
		http.Error(w, "the size is missing or too large", http.StatusRequestEntityTooLarge)
		return
	}
	buffer := s.pool.take()
	defer s.pool.put(buffer)
	n, err := io.ReadFull(r.Body, buffer[:r.ContentLength])
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	info, created, err := s.replace(p.ByName("name"), buffer[:n])
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("ETag", tag(info))
	if created {
		w.Header().Set("Location", r.URL.Path)
		w.WriteHeader(http.StatusCreated)
	}
}

// replace writes a temporary file, flushes it, gives it its name, and flushes
// the directory.
func (s *writer) replace(name string, content []byte) (info fs.FileInfo, created bool, err error) {
	temp := filepath.Join(".tmp", strconv.FormatUint(s.temps.Add(1), 36))
	if info, err = s.temporary(temp, content); err != nil {
		return nil, false, err
	}
	_, err = s.root.Lstat(name)
	if created = errors.Is(err, fs.ErrNotExist); err != nil && !created {
		return nil, false, err
	}
	if err = s.root.Rename(temp, name); err == nil {
		err = s.directory.Sync()
	}
	return info, created, err
}

func (s *writer) temporary(name string, content []byte) (info fs.FileInfo, err error) {
	file, err := s.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err = file.Write(content); err != nil {
		return nil, err
	}
	now := time.Now()
	if err = s.root.Chtimes(name, now, now); err != nil {
		return nil, err
	}
	if info, err = file.Stat(); err != nil {
		return nil, err
	}
	return info, file.Sync()
}
