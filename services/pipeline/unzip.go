package pipeline

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"mime"
	"net/http"
	"os"
	"path"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// unzip makes a message of each file of a zip, with its path as the name. A zip
// is read from its end, so that one that is a stream lies in a file meanwhile.
type unzip struct{}

// maxFiles is the most files of a zip: they are worked on as they are taken, so
// that there may be more than a list may have elements.
const maxFiles = 10_000

func (unzip) split(_ context.Context, r *run, m *message) (iter.Seq[part], error) {
	from, err := spooled(m.body, r.file)
	if err != nil {
		return nil, err
	}
	archive, err := zip.NewReader(from, from.size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // the names are only names here
		_ = from.Close()
		return nil, &bus.Error{Status: http.StatusBadRequest, Detail: "unzip needs a whole zip", Err: err}
	}
	if len(archive.File) > maxFiles {
		_ = from.Close()
		return nil, bus.Errorf(http.StatusRequestEntityTooLarge, "the zip has more than %d files: send it in parts", maxFiles)
	}
	r.atEnd(func() { _ = from.Close() })
	return func(yield func(part) bool) {
		defer m.close()
		for _, file := range archive.File {
			if strings.HasSuffix(file.Name, "/") {
				continue
			}
			one := part{name: file.Name}
			one.message, one.err = unpacked(file, r.file)
			if !yield(one) || one.err != nil {
				return
			}
		}
	}, nil
}

// unpacked returns the message of a file. It may have up to most bytes.
func unpacked(file *zip.File, most int64) (*message, error) {
	if file.UncompressedSize64 > uint64(most) {
		return nil, bus.Errorf(http.StatusRequestEntityTooLarge, "a file of the zip is larger than the limit of %d bytes", most)
	}
	content, err := file.Open()
	if err != nil {
		return nil, &bus.Error{Status: http.StatusBadRequest, Detail: "a file of the zip can't be read", Err: err}
	}
	mediaType := mime.TypeByExtension(path.Ext(file.Name))
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	return &message{body: bus.NewStream(content, int64(file.UncompressedSize64), mediaType)}, nil
}

// spool is a body that can be read from anywhere in it.
type spool struct {
	io.ReaderAt
	io.Closer
	size int64
}

// spooled reads a body of up to most bytes: a stream into a file without a name.
func spooled(b *bus.Body, most int64) (*spool, error) {
	if b.Stream() == nil {
		data, err := b.Bytes(most)
		return &spool{bytes.NewReader(data), io.NopCloser(nil), int64(len(data))}, err
	}
	file, err := os.CreateTemp("", "restspace-*.zip")
	if err != nil {
		return nil, err
	}
	err = os.Remove(file.Name())
	size, copyErr := io.Copy(file, io.LimitReader(b.Reader(), most+1))
	err = errors.Join(err, copyErr)
	if size > most {
		err = bus.Errorf(http.StatusRequestEntityTooLarge, "the zip is larger than the limit of %d bytes", most)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &spool{file, file, size}, nil
}
