package documents

import (
	"archive/zip"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// An Archive is a zip whose entries can be read, in any order and by several
// goroutines.
type Archive struct {
	// Files are its files, without the directories. Their names are whatever
	// the zip says: they are no paths.
	Files []*zip.File

	spool *spool
}

// OpenArchive reads the list of the entries of a zip, which is held to the same
// limits as one that is stored: in its size, which may be most bytes, in that of
// each file, and in that of all of them together. A body that may be larger than
// memory bytes lies in a file meanwhile. The caller closes the archive, and the
// body.
func OpenArchive(b *bus.Body, memory, most int64) (*Archive, error) {
	from, err := newSpool(b, memory, most)
	if err != nil {
		return nil, err
	}
	a := &Archive{spool: from}
	if err := a.read(most); err != nil {
		from.close()
		return nil, err
	}
	return a, nil
}

func (a *Archive) read(most int64) error {
	files, err := openZip(a.spool)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := checkEntry(file); err != nil {
			return aboutEntry(file, err)
		}
		if file.UncompressedSize64 > uint64(most) {
			return aboutEntry(file, zipTooLarge("it has %d bytes, more than the limit of %d for a file", file.UncompressedSize64, most))
		}
	}
	a.Files = slices.DeleteFunc(files, func(f *zip.File) bool { return strings.HasSuffix(f.Name, "/") })
	return checkTotal(slices.Values(a.Files), a.spool.size, most)
}

// Open returns the content of a file. It gives no more bytes than the zip says,
// and ends with an error where it is not what the zip says.
func (a *Archive) Open(file *zip.File) (io.ReadCloser, error) {
	from, err := file.Open()
	if err != nil {
		return nil, aboutEntry(file, unreadable(err))
	}
	return &checked{unpacked{from}, file.UncompressedSize64}, nil
}

// checked reads beyond the last byte of a file, where its checksum is compared:
// who knows the size does not.
type checked struct {
	io.ReadCloser
	left uint64
}

// Read is part of io.Reader.
func (c *checked) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.left -= uint64(n)
	if c.left == 0 && n > 0 && err == nil {
		if _, err = c.ReadCloser.Read(make([]byte, 1)); err != nil && err != io.EOF {
			n = 0 // who has all bytes would not look at the error
		}
	}
	return n, err
}

// Close gives up what the archive holds. Files that are open end with an error.
func (a *Archive) Close() error {
	a.spool.close()
	return nil
}

// aboutEntry says which entry an error is about.
func aboutEntry(file *zip.File, err error) error {
	about := *bus.Classify(err)
	if about.Status == http.StatusInternalServerError {
		return err
	}
	about.Detail = fmt.Sprintf("in the zip, %q: %s", shorten(file.Name), about.Detail)
	return &about
}
