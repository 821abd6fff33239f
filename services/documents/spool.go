package documents

import (
	"bytes"
	"io"
	"net/http"
	"os"

	"github.com/seed90475182/restspace/bus"
)

// A spool is a body that can be read from anywhere in it, more than once.
type spool struct {
	io.ReaderAt
	size  int64
	file  *os.File // nil where the body is in memory
	stays bool     // the file's name is there while it is open
}

// newSpool reads a body to its end: into memory if it says that it has no more
// than memory bytes, or else into a temporary file. One of more than most bytes
// is an error of status 413.
func newSpool(b *bus.Body, memory, most int64) (*spool, error) {
	if size := b.Size(); size >= 0 && size <= memory {
		data, err := b.Bytes(memory)
		return &spool{ReaderAt: bytes.NewReader(data), size: size}, err
	}
	file, err := os.CreateTemp("", "restspace-*.zip")
	if err != nil {
		return nil, err
	}
	s := &spool{ReaderAt: file, file: file}
	s.stays = os.Remove(file.Name()) != nil // where a name can go before its file, not even a crash leaves it behind
	s.size, err = io.Copy(file, io.LimitReader(b.Reader(), most+1))
	if err == nil && s.size > most {
		err = zipTooLarge("the zip is larger than the limit of %d bytes: send it in parts", most)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// close removes what the spool keeps.
func (s *spool) close() {
	if s.file == nil {
		return
	}
	_ = s.file.Close()
	if s.stays {
		_ = os.Remove(s.file.Name())
	}
}

func zipTooLarge(format string, args ...any) error {
	e := bus.Errorf(http.StatusRequestEntityTooLarge, format, args...)
	e.Type = bus.TypeBodyTooLarge
	return e
}
