package filestore

import (
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// A dir is the descriptor of an open directory. All its methods name one
// element in it and follow no link. Their errors are fs.PathErrors.
type dir int

// openDir opens the directory at a path of the process, following links.
func openDir(path string) (dir, error) {
	return dir(unix.AT_FDCWD).openat(path, 0)
}

// open opens the directory name. One that is a link, or no directory, is
// unix.ENOTDIR.
func (d dir) open(name string) (dir, error) {
	return d.openat(name, unix.O_NOFOLLOW)
}

func (d dir) openat(name string, flags int) (dir, error) {
	var fd int
	err := retry("open", name, func() (err error) {
		fd, err = unix.Openat(int(d), name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC|flags, 0)
		return err
	})
	return dir(fd), err
}

// openFile opens the file name.
func (d dir) openFile(name string, flags int, perm uint32) (fd int, err error) {
	err = retry("open", name, func() (err error) {
		fd, err = unix.Openat(int(d), name, unix.O_NOFOLLOW|unix.O_CLOEXEC|flags, perm)
		return err
	})
	return fd, err
}

// file opens the file name as an os.File.
func (d dir) file(name string, flags int, perm uint32) (*os.File, error) {
	fd, err := d.openFile(name, flags, perm)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// stat returns the facts of name itself.
func (d dir) stat(name string, st *unix.Stat_t) error {
	return retry("stat", name, func() error { return unix.Fstatat(int(d), name, st, unix.AT_SYMLINK_NOFOLLOW) })
}

func (d dir) mkdir(name string, perm uint32) error {
	return retry("mkdir", name, func() error { return unix.Mkdirat(int(d), name, perm) })
}

func (d dir) rmdir(name string) error {
	return retry("rmdir", name, func() error { return unix.Unlinkat(int(d), name, unix.AT_REMOVEDIR) })
}

func (d dir) unlink(name string) error {
	return retry("unlink", name, func() error { return unix.Unlinkat(int(d), name, 0) })
}

// rename moves name to another directory, replacing what is there.
func (d dir) rename(name string, to dir, newName string) error {
	return retry("rename", newName, func() error { return unix.Renameat(int(d), name, int(to), newName) })
}

// link gives the file name a second name in another directory, where none is.
func (d dir) link(name string, to dir, newName string) error {
	return retry("link", newName, func() error { return unix.Linkat(int(d), name, int(to), newName, 0) })
}

// setTime sets the modification time of name, in nanoseconds since 1970.
func (d dir) setTime(name string, nanoseconds int64) error {
	t := unix.NsecToTimespec(nanoseconds)
	return retry("set the time of", name, func() error {
		return unix.UtimesNanoAt(int(d), name, []unix.Timespec{t, t}, unix.AT_SYMLINK_NOFOLLOW)
	})
}

func (d dir) close() { _ = unix.Close(int(d)) } // nothing was written through it

// retry does a system call again as long as a signal interrupts it.
func retry(operation, name string, call func() error) error {
	for {
		switch err := call(); err {
		case nil:
			return nil
		case unix.EINTR:
		default:
			return &fs.PathError{Op: operation, Path: name, Err: err}
		}
	}
}

func isRegular(st *unix.Stat_t) bool { return uint32(st.Mode)&unix.S_IFMT == unix.S_IFREG }
