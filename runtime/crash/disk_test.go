package crash

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A fileSystem is one that can be told to stop as if its disk lost power.
type fileSystem struct {
	name    string
	mkfs    string // the command that makes one in a file
	from    string // the package that has it
	options string // of the mount
}

// fileSystems are those that filestore names as ones that keep the order of
// changes, and that can be stopped.
var fileSystems = [...]fileSystem{
	{"ext4", "mkfs.ext4", "e2fsprogs", "loop,noauto_da_alloc"}, // without that, it mends what forgets to sync before a rename
	{"xfs", "mkfs.xfs", "xfsprogs", "loop"},
}

// A disk is a file system in a file. It can lose its power.
type disk struct {
	fileSystem
	image, at string
	above     uint64 // the device that the directory at lies on
	mounted   bool
}

// newDisk mounts an empty disk at a directory, or skips the test where that is
// not possible.
func newDisk(t *testing.T, f fileSystem, at string) *disk {
	t.Helper()
	skip := func(err error, said []byte) {
		t.Helper()
		t.Skipf("NOT TESTED: a power cut needs root, loop devices and %s (of the package %s): %v: %s", f.mkfs, f.from, err, said)
	}
	d := &disk{fileSystem: f, image: filepath.Join(t.TempDir(), "image"), at: at}
	require.NoError(t, os.WriteFile(d.image, nil, 0o600))
	require.NoError(t, os.Truncate(d.image, 320<<20))
	if said, err := exec.Command(f.mkfs, "-q", d.image).CombinedOutput(); err != nil {
		skip(err, said)
	}
	var err error
	d.above, err = device(at)
	require.NoError(t, err)
	if said, err := d.mount(); err != nil {
		skip(err, said)
	}
	t.Cleanup(func() { d.unmount(t) })
	require.NoError(t, os.Chmod(at, 0o750))
	return d
}

// mount mounts the disk: what its journal holds is done again.
func (d *disk) mount() (said []byte, err error) {
	said, err = exec.Command("mount", "-o", d.options, d.image, d.at).CombinedOutput()
	d.mounted = err == nil
	return said, err
}

func (d *disk) unmount(t *testing.T) {
	t.Helper()
	if d.mounted {
		d.mounted = false
		require.NoError(t, unix.Unmount(d.at, 0))
	}
}

// cut has the disk do nothing any more, and forget what it had not yet
// written: the log of the file system included.
func (d *disk) cut(t *testing.T) {
	t.Helper()
	const shutdown, noLogFlush = 0x8004587d, 2 // EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN: _IOR('X', 125, __u32)
	now, err := device(d.at)
	require.NoError(t, err)
	require.NotEqual(t, d.above, now, "the disk is not mounted: a cut would be that of the machine's own")
	fd, err := unix.Open(d.at, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, unix.IoctlSetPointerInt(fd, shutdown, noLogFlush))
}

// device returns the device that a path lies on.
func device(path string) (uint64, error) {
	var st unix.Stat_t
	err := unix.Stat(path, &st)
	return uint64(st.Dev), err
}
