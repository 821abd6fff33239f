package pipeline

import (
	"archive/zip"
	"context"
	"iter"
	"mime"
	"path"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents"
)

// unzip makes a message of each file of a zip, with its path as the name. A zip
// is read from its end, so that one that is a stream lies in a file meanwhile.
// They are worked on as they are taken, so that there may be more of them than a
// list may have elements.
type unzip struct{}

func (unzip) split(_ context.Context, r *run, m *message) (iter.Seq[part], error) {
	memory := int64(0)
	if m.body.Stream() == nil {
		memory = m.body.Size()
	}
	archive, err := documents.OpenArchive(m.body, memory, r.file)
	if err != nil {
		return nil, err
	}
	r.atEnd(func() { _ = archive.Close() })
	return func(yield func(part) bool) {
		defer m.close()
		for _, file := range archive.Files {
			one := part{name: file.Name}
			one.message, one.err = unpacked(archive, file)
			if !yield(one) || one.err != nil {
				return
			}
		}
	}, nil
}

// unpacked returns the message of a file.
func unpacked(archive *documents.Archive, file *zip.File) (*message, error) {
	content, err := archive.Open(file)
	if err != nil {
		return nil, err
	}
	mediaType := mime.TypeByExtension(path.Ext(file.Name))
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	return &message{body: bus.NewStream(content, int64(file.UncompressedSize64), mediaType)}, nil
}
