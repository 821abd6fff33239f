package documents

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

const (
	mediaTypeZip = "application/zip"

	// maxPacked is the most documents of one zip, whichever way it goes.
	maxPacked = 10_000
)

// zip answers GET of a directory with the documents that its listing shows, as
// one zip that is made while it is read. What it holds is settled before: only
// a document that can't be read can break it, and one that was deleted
// meanwhile is left out.
func (d *Documents) zip(ctx context.Context, m *bus.Message, o *listOptions) (*bus.Message, error) {
	dir := adaptors.Key(m.ServicePath())
	var list []adaptors.Key
	w := walk{Documents: d, o: o, sees: m.Sees, visit: func(_ context.Context, e *entry) error {
		if len(list) == maxPacked {
			return bus.Errorf(http.StatusBadRequest, "more than %d documents are below the directory: ask for the zips of the directories in it, or copy them all with restspace copy", maxPacked)
		}
		list = append(list, slices.Clone(e.key))
		return packable(e)
	}}
	if err := w.level(ctx, dir, nil, o.after); err != nil {
		return nil, err
	}
	if err := w.exists(ctx, dir); err != nil {
		return nil, err
	}
	stream := bus.Pull(func(to io.Writer) error {
		p := packer{Documents: d, dir: dir, zip: zip.NewWriter(to), buffer: make([]byte, 32<<10)}
		for _, key := range list {
			if err := p.add(ctx, key); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return p.zip.Close()
	})
	reply := bus.Reply(http.StatusOK, bus.NewStream(stream, -1, mediaTypeZip))
	name := "files"
	if n := len(m.URL.Path); n > 0 {
		name = m.URL.Path[n-1]
	}
	reply.Header.Add("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name + ".zip"}))
	return reply, nil
}

// packable returns an error of status 409 where no zip can hold the name of an
// entry.
func packable(e *entry) error {
	if bytes.Contains(e.name, []byte("%2F")) {
		return bus.Errorf(http.StatusConflict, "%s can't be in a zip, since there is a slash within its name: GET it by itself", e.name)
	}
	return nil
}

// packer adds the documents below a directory to a zip.
type packer struct {
	*Documents
	dir    adaptors.Key
	zip    *zip.Writer
	buffer []byte
}

func (p *packer) add(ctx context.Context, key adaptors.Key) error {
	body, info, err := p.Keep.Get(ctx, key, adaptors.GetOptions{})
	if err != nil {
		return err
	}
	defer body.Close()
	header := zip.FileHeader{Name: strings.Join(key[len(p.dir):], "/"), Modified: info.ModTime.UTC(), Method: zip.Deflate}
	if bus.PayloadOf(info.MediaType) == bus.Binary { // most of these are packed already
		header.Method = zip.Store
	}
	to, err := p.zip.CreateHeader(&header)
	if err == nil {
		_, err = io.CopyBuffer(to, body.Reader(), p.buffer)
	}
	return err
}
