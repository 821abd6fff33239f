package pipeline

import (
	"context"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"net/textproto"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// multiparts joins parts to multipart/form-data (RFC 7578) with a field of
// each, which is made while it is read, as a zip is.
type multiparts struct{}

func (multiparts) join(_ context.Context, _ *run, parts iter.Seq2[*message, error]) (*bus.Body, error) {
	boundary := multipart.NewWriter(io.Discard).Boundary()
	stream, err := streamed(parts, func(to io.Writer, parts iter.Seq2[*message, error]) error {
		w := multipart.NewWriter(to)
		if err := w.SetBoundary(boundary); err != nil {
			return err
		}
		for m, err := range parts {
			if err != nil {
				return err
			}
			err = field(w, m)
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
	return bus.NewStream(stream, -1, "multipart/form-data; boundary="+boundary), nil
}

// field adds one field. A part without a body is left out.
func field(w *multipart.Writer, m *message) error {
	if m.body == nil {
		return nil
	}
	name := strings.NewReplacer(`"`, "%22", "\r", "%0D", "\n", "%0A").Replace(m.name) // RFC 7578 section 2, as browsers do
	disposition := fmt.Sprintf(`form-data; name="%s"`, name)
	if m.body.Payload() == bus.Binary {
		disposition += fmt.Sprintf(`; filename="%s"`, name)
	}
	header := textproto.MIMEHeader{"Content-Disposition": {disposition}}
	if mediaType := m.body.MediaType(); mediaType != "" {
		header.Set("Content-Type", mediaType)
	}
	to, err := w.CreatePart(header)
	if err == nil {
		_, err = io.Copy(to, m.body.Reader())
	}
	return err
}
