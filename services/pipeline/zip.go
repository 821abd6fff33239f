package pipeline

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"

	"github.com/seed90475182/restspace/bus"
)

// zipping joins parts to a zip with a file of each, which is made while it is
// read: it takes no more memory than what is worked on at one time. A part that
// fails breaks it, unless it is the first.
type zipping struct{}

func (zipping) join(_ context.Context, _ *run, parts iter.Seq2[*message, error]) (*bus.Body, error) {
	stream, err := streamed(parts, func(to io.Writer, parts iter.Seq2[*message, error]) error {
		w := zip.NewWriter(to)
		names := make(map[string]bool)
		for m, err := range parts {
			if err != nil {
				return err
			}
			err = pack(w, m, names)
			m.close()
			if err != nil {
				return err
			}
		}
		return w.Close()
	})
	if err != nil {
		return nil, err
	}
	return bus.NewStream(stream, -1, "application/zip"), nil
}

// pack adds one file. A part without a body is left out.
func pack(w *zip.Writer, m *message, names map[string]bool) error {
	if m.body == nil {
		return nil
	}
	if !fs.ValidPath(m.name) || m.name == "." || names[m.name] {
		return &bus.Error{Status: http.StatusInternalServerError, Type: bus.TypePipeline,
			Detail: fmt.Sprintf("%q can't be the name of a file in the zip, or there is one already: name the parts, as in GET /files/$>0 :photo.jpg", m.name)}
	}
	names[m.name] = true
	header := zip.FileHeader{Name: m.name, Method: zip.Deflate}
	if m.body.Payload() == bus.Binary { // most of these are packed already
		header.Method = zip.Store
	}
	to, err := w.CreateHeader(&header)
	if err == nil {
		_, err = io.Copy(to, m.body.Reader())
	}
	return err
}
