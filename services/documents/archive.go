package documents

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// The limits of a zip that is unpacked, beside the size of it and of each
// document.
const (
	maxDirectory  = 8 << 20 // bytes of the list of its entries
	maxUnpacked   = 10      // times the largest file: of all documents together
	maxRatio      = 100     // times its own size: of all documents together, but for what is little
	littleContent = 1 << 20
)

// A packed document is an entry of a zip with its place in the store.
type packed struct {
	*zip.File
	key       adaptors.Key
	condition adaptors.Condition // under which it is written
}

// openZip reads the list of a zip's entries. All errors are those of a client.
func openZip(s *spool) ([]*zip.File, error) {
	guard := &guarded{ReaderAt: s.ReaderAt}
	guard.left.Store(maxDirectory)
	archive, err := zip.NewReader(guard, s.size)
	switch {
	case errors.Is(err, errDirectory) || err == nil && len(archive.File) > maxPacked:
		return nil, zipTooLarge("the zip has more than %d entries, or very long names: send it in parts", maxPacked)
	case err != nil && !errors.Is(err, zip.ErrInsecurePath): // each name is looked at
		return nil, &bus.Error{Status: http.StatusBadRequest, Detail: "the body is not a whole zip: send one as zip programs make it", Err: err}
	}
	guard.left.Store(math.MaxInt64)
	return archive.File, nil
}

// guarded gives no more bytes than are left.
type guarded struct {
	io.ReaderAt
	left atomic.Int64
}

var errDirectory = errors.New("the list of entries is too long")

// ReadAt is part of io.ReaderAt.
func (g *guarded) ReadAt(p []byte, offset int64) (int, error) {
	n, err := g.ReaderAt.ReadAt(p, offset)
	if g.left.Add(-int64(n)) < 0 {
		return 0, errDirectory
	}
	return n, err
}

// checkTotal holds what a zip of that size says of its content to the limits.
// What it does not say can't be read. maxFile is the largest file.
func checkTotal(files iter.Seq[*zip.File], size, maxFile int64) error {
	most := min(maxUnpacked*maxFile, max(littleContent, maxRatio*size))
	left := uint64(most)
	for file := range files {
		if file.UncompressedSize64 > left {
			return zipTooLarge("the zip has more than %d bytes unpacked, too many for its size of %d: send it in parts", most, size)
		}
		left -= file.UncompressedSize64
	}
	return nil
}

// checkEntry returns what is wrong with an entry, whatever its name.
func checkEntry(f *zip.File) error {
	const encrypted = 1
	kind := f.Mode().Type()
	switch {
	case f.Flags&encrypted != 0:
		return bus.Errorf(http.StatusBadRequest, "it is encrypted: send it without a password")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return bus.Errorf(http.StatusBadRequest, "it is packed by method %d: use stored or deflated", f.Method)
	case kind&fs.ModeSymlink != 0:
		return bus.Errorf(http.StatusBadRequest, "it is a link: put the file itself into the zip")
	case kind != 0 && kind != fs.ModeDir:
		return bus.Errorf(http.StatusBadRequest, "it is a special file: only files and directories can be stored")
	case kind == fs.ModeDir != strings.HasSuffix(f.Name, "/"), kind == fs.ModeDir && f.UncompressedSize64 > 0:
		return bus.Errorf(http.StatusBadRequest, "it is a file and a directory at once")
	}
	return nil
}

// place returns the service path that an entry of that name has below the
// directory at u. dir says that it is a directory.
func place(u urlpattern.URL, name string) (path []string, dir bool, err error) {
	switch {
	case !utf8.ValidString(name):
		return nil, false, bus.Errorf(http.StatusBadRequest, "its name is not UTF-8: encode it as UTF-8")
	case name == "", strings.HasPrefix(name, "/"):
		return nil, false, bus.Errorf(http.StatusBadRequest, "its name is absolute, or empty: write it relative to the directory")
	}
	// The name is held to all that a URL is held to: what is stored can be asked for.
	text := urlpattern.Path{Segments: u.Path, Dir: true}.String() + strings.ReplaceAll(name, "%", "%25")
	whole, err := urlpattern.ParsePath(text)
	var refused *urlpattern.PathError
	if errors.As(err, &refused) {
		return nil, false, bus.Errorf(http.StatusBadRequest, "its name can't be a path: %s", refused.Reason)
	}
	return whole.Segments[len(u.BasePath()):], whole.Dir, err
}

// names are the documents and directories of a zip, by their keys as text.
type names struct {
	documents, dirs map[string]bool
}

// addDocument returns an error where the key is in the way of another.
func (n *names) addDocument(key adaptors.Key) error {
	text := key.String()
	switch {
	case n.documents[text]:
		return bus.Errorf(http.StatusBadRequest, "another entry is the same document: send one of them")
	case n.dirs[text]:
		return bus.Errorf(http.StatusBadRequest, "other entries are below it: it can't be a document and a directory at once")
	}
	n.documents[text] = true
	return n.addDir(key[:len(key)-1])
}

func (n *names) addDir(key adaptors.Key) error {
	for text := key.String(); text != ""; text = text[:max(0, strings.LastIndexByte(text, '/'))] {
		switch {
		case n.documents[text]:
			return bus.Errorf(http.StatusBadRequest, "another entry is a document that it would be below: it can't be a directory too")
		case n.dirs[text]:
			return nil
		}
		n.dirs[text] = true
	}
	return nil
}

// checkContent unpacks a document and returns what is wrong with it.
func (u *unzipping) checkContent(ctx context.Context, p *packed, buffer []byte) error {
	limit := u.MaxFile
	if u.JSON {
		limit = u.MaxBody
	}
	if p.UncompressedSize64 > uint64(limit) {
		return zipTooLarge("it has %d bytes, more than the limit of %d for a document", p.UncompressedSize64, limit)
	}
	if u.JSON {
		data, err := p.content()
		if err != nil {
			return err
		}
		return u.checkJSON(ctx, p.key, data)
	}
	from, err := p.open()
	if err != nil {
		return err
	}
	defer from.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, from, buffer)
	return err
}

// content returns all bytes of a document, which are few.
func (p *packed) content() ([]byte, error) {
	from, err := p.open()
	if err != nil {
		return nil, err
	}
	defer from.Close()
	data := make([]byte, p.UncompressedSize64)
	if _, err := io.ReadFull(from, data); err != nil {
		return nil, err
	}
	_, err = from.Read(make([]byte, 1)) // at the end its checksum is compared
	if err == io.EOF {
		err = nil
	}
	return data, err
}

// open returns the stream of a document. It fails unless it has the size and
// the checksum that the zip says.
func (p *packed) open() (io.ReadCloser, error) {
	from, err := p.Open()
	if err != nil {
		return nil, unreadable(err)
	}
	return unpacked{from}, nil
}

// unpacked is the stream of an entry, with errors that are the client's.
type unpacked struct{ io.ReadCloser }

// Read is part of io.Reader.
func (u unpacked) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = unreadable(err)
	}
	return n, err
}

func unreadable(err error) error {
	return &bus.Error{Status: http.StatusBadRequest, Detail: "it can't be unpacked, or is not what the zip says: make the zip anew", Err: err}
}

// keyOf returns where the document at a service path is kept, or why it can't
// be.
func (d *Documents) keyOf(path []string) (adaptors.Key, error) {
	key := slices.Clone(d.key(path))
	return key, key.Check()
}
