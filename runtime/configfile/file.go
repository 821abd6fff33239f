package configfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/seed90475182/restspace/adaptors"
)

// A File is a configuration in a file. It is a runtime.Source, and safe for
// concurrent use.
type File struct{ name string }

// New returns the file of that name, which need not be there yet.
func New(name string) *File { return &File{name: filepath.Clean(name)} }

// Name returns the name, as messages show it.
func (f *File) Name() string { return f.name }

// Read returns the content.
func (f *File) Read(context.Context) ([]byte, error) { return os.ReadFile(f.name) }

// Replace makes next the content of a file whose content is old; nil is a file
// that is not there. Links stay, what they lead to is replaced. The file keeps
// its mode, and its owner as far as this process may give files away.
//
// With a nil error next is on the disk. An error leaves the file as it was, but
// for one of the last step, bringing the directory to the disk. Another content
// than old is adaptors.ErrCondition, a place that can't be written to
// adaptors.ErrReadOnly.
func (f *File) Replace(ctx context.Context, old, next []byte) error {
	target, err := f.target()
	if err == nil {
		err = replace(ctx, target, old, next)
	}
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("replace %s: %w: %w", f.name, adaptors.ErrReadOnly, err)
	case err != nil:
		return fmt.Errorf("replace %s: %w", f.name, err)
	}
	if err := flush(filepath.Dir(target)); err != nil {
		return fmt.Errorf("%s is replaced, but may not survive a power cut: %w", f.name, err)
	}
	return nil
}

// target returns what the name leads to: itself if there is nothing.
func (f *File) target() (string, error) {
	target, err := filepath.EvalSymlinks(f.name)
	if errors.Is(err, fs.ErrNotExist) {
		if _, linkErr := os.Lstat(f.name); errors.Is(linkErr, fs.ErrNotExist) {
			return f.name, nil
		}
	}
	return target, err
}

// replace puts a new file in the place of target, without the directory
// brought to the disk. That the content is old is seen at the last moment, so
// that what somebody has edited is not lost.
func replace(ctx context.Context, target string, old, next []byte) error {
	sweep(target)
	temporary, err := write(target, next)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = holds(target, old)
	}
	if err == nil {
		err = os.Rename(temporary, target)
	}
	if err != nil && temporary != "" {
		_ = os.Remove(temporary)
	}
	return err
}

// holds returns adaptors.ErrCondition unless the content of a file is what is expected.
func holds(name string, content []byte) error {
	current, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		current = nil
	case err != nil:
		return err
	}
	if !bytes.Equal(current, content) || (err == nil) != (content != nil) {
		return adaptors.ErrCondition
	}
	return nil
}

// write writes a new file beside target and brings it to the disk.
func write(target string, content []byte) (name string, err error) {
	file, err := os.CreateTemp(filepath.Dir(target), temporaryPrefix(target)+"*")
	if err != nil {
		return "", err
	}
	err = likeness(file, target)
	if err == nil {
		_, err = file.Write(content)
	}
	if err == nil {
		err = file.Sync()
	}
	return file.Name(), errors.Join(err, file.Close())
}

// temporaryPrefix begins the names of the files that become target.
func temporaryPrefix(target string) string { return "." + filepath.Base(target) + ".next-" }

// sweep removes what an earlier process has left when it was killed. Another
// one that is just writing there fails, and nothing worse.
func sweep(target string) {
	dir := filepath.Dir(target)
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), temporaryPrefix(target)) {
			_ = os.Remove(filepath.Join(dir, entry.Name()))
		}
	}
}

// likeness gives file the mode of target, and its owner where that is possible.
func likeness(file *os.File, target string) error {
	info, err := os.Stat(target)
	if err != nil {
		return nil // there is none yet
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = file.Chown(int(owner.Uid), int(owner.Gid))
	}
	return file.Chmod(info.Mode().Perm())
}

// flush brings the names in a directory to the disk.
func flush(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
