package filestore

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
)

// Names in the root that are no key's, since they begin with a dot.
const (
	lockName = ".lock"
	tempName = ".tmp"
	tryName  = ".try-\u00e9" // a letter that has two cases and two normal forms
)

// identity tells directories apart, whatever path leads to them.
type identity struct{ device, inode uint64 }

func identityOf(st *unix.Stat_t) identity { return identity{uint64(st.Dev), st.Ino} }

func (d dir) identity() (identity, error) {
	var st unix.Stat_t
	err := d.stat(".", &st)
	return identityOf(&st), err
}

// A root is an open directory of documents, and what all stores of it in this
// process share.
type root struct {
	base, temp dir
	id         identity
	lock       *flock.Flock
	readOnly   error // why nothing can be written; nil if it can

	tree  sync.RWMutex    // held for writing while empty directories are removed, for reading while they are made and filled
	keys  [256]sync.Mutex // each held while a document of some keys is compared and replaced
	seed  maphash.Seed
	temps atomic.Uint64 // counts temporary files, for their names

	cache    cache
	clock    sync.Mutex
	last     int64 // the time of the last write, in nanoseconds since 1970
	reserved int64 // the lock file's time; last never passes it

	failure atomic.Pointer[error] // the first sync that failed

	now  func() time.Time // tests set the clock back
	sync func(fd int) error
}

// sharedRoot is what a root is known by in a pool.
type sharedRoot struct {
	identity
	readOnly bool
}

// errReading is why nothing is written to a root that was opened so.
var errReading = errors.New("it was opened to be read")

// openRoot opens the directory base, which is at path, for reading, and unless
// that is all that is wanted, for writing if it can be written to.
func openRoot(base dir, path string, readOnly bool) (*root, error) {
	r := &root{temp: -1, seed: maphash.MakeSeed(), now: time.Now, sync: fsync}
	var st unix.Stat_t
	err := base.stat(".", &st)
	if err != nil {
		return nil, err
	}
	if st.Mode&unix.S_IWOTH != 0 {
		return nil, errors.New("everybody may write to it: take that right away with chmod o-w")
	}
	r.id = identityOf(&st)
	if r.base, err = base.open("."); err != nil {
		return nil, err
	}
	if readOnly {
		r.readOnly = errReading
		return r, nil
	}
	err = r.openForWriting(path)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		r.readOnly, err = err, nil
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *root) openForWriting(path string) error {
	if err := r.base.mkdir(tempName, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	var err error
	if r.temp, err = r.base.open(tempName); err != nil {
		return err
	}
	if err := r.takeLock(path); err != nil {
		return err
	}
	if err := r.sweep(); err != nil {
		return err
	}
	if err := r.try(); err != nil {
		return err
	}
	var st unix.Stat_t
	err = r.base.stat(lockName, &st)
	r.last = max(r.now().UnixNano(), unix.TimespecToNsec(st.Mtim))
	r.reserved = r.last
	return err
}

// takeLock makes this process the only one that writes here.
func (r *root) takeLock(path string) error {
	r.lock = flock.New(filepath.Join(path, lockName), flock.SetFlag(os.O_CREATE|os.O_RDONLY|unix.O_NOFOLLOW))
	ok, err := r.lock.TryLock()
	if err == nil && !ok {
		err = errors.New("another server has it: end that one, or give this one a directory of its own")
	}
	return err
}

// sweep removes the temporary files that a crash left.
func (r *root) sweep() error {
	return r.temp.each(context.Background(), func(name []byte, _ kind) error {
		return r.temp.unlink(string(name))
	})
}

// try finds out whether the file system keeps all names apart, and the times
// of files to the nanosecond.
func (r *root) try() error {
	f, err := r.base.file(tryName, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_ = f.Close() // nothing was written
	defer r.base.unlink(tryName)
	var st unix.Stat_t
	for _, other := range []string{".TRY-\u00c9", ".try-e\u0301"} {
		if err := r.base.stat(other, &st); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, errors.New("its file system takes names for the same that differ in case or in Unicode normalization: choose a directory on another one"))
		}
	}
	const odd = 1_000_000_001
	if err := errors.Join(r.base.setTime(tryName, odd), r.base.stat(tryName, &st)); err != nil {
		return err
	}
	if unix.TimespecToNsec(st.Mtim) != odd {
		return errors.New("its file system does not keep times to the nanosecond: choose a directory on another one")
	}
	return nil
}

// Close gives up the lock and what is open.
func (r *root) Close() error {
	var err error
	if r.lock != nil && r.lock.Locked() {
		if r.last > 0 {
			err = r.base.setTime(lockName, r.last)
		}
		err = errors.Join(err, r.lock.Close())
	}
	if r.temp >= 0 {
		r.temp.close()
	}
	r.base.close()
	return err
}

// keyLock returns the lock of a key, which it shares with others.
func (r *root) keyLock(key adaptors.Key) *sync.Mutex {
	return &r.keys[r.hash(key)%uint64(len(r.keys))]
}

// hash returns a hash of a key.
func (r *root) hash(key adaptors.Key) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	for _, segment := range key {
		_, _ = h.WriteString(segment)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// fsync brings what was written to a descriptor to the disk, and looks at it
// afterwards. XFS that has shut down, since its disk failed, syncs a directory
// without an error although it has given up its changes; a look is an error.
func fsync(fd int) error {
	if err := unix.Fsync(fd); err != nil {
		return err
	}
	var st unix.Stat_t
	return unix.Fstat(fd, &st)
}

// flush syncs a descriptor that was written to. A failure is remembered: what
// it lost is lost, and syncing again would not say so.
func (r *root) flush(fd int) error {
	var err error
	for err = r.sync(fd); err == unix.EINTR; {
		err = r.sync(fd)
	}
	if err == nil || !heedsFailedSyncs {
		return nil
	}
	err = fmt.Errorf("sync: %w", err)
	r.failure.CompareAndSwap(nil, &err)
	return err
}

// find opens the directory at key. done closes it.
func (r *root) find(key adaptors.Key) (dir, error) {
	d := r.base
	for _, segment := range key {
		next, err := d.open(adaptors.EscapeName(segment))
		r.done(d)
		if err != nil {
			return 0, err
		}
		d = next
	}
	return d, nil
}

func (r *root) done(d dir) {
	if d != r.base {
		d.close()
	}
}
