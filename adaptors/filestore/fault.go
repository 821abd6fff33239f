package filestore

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
)

// missing reports whether err says that something is not there: no name, or a
// link or a document where a directory would be.
func missing(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP)
}

// fault returns an error of something that the caller did not ask for, such
// as a temporary file: that it is missing or there says nothing about a key.
func fault(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrExist):
		return errors.New(err.Error())
	case errors.Is(err, unix.EROFS):
		return fmt.Errorf("%w: %w", adaptors.ErrReadOnly, err)
	}
	return err
}
