package crash

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A disk is an ext4 file system in a file. It can lose its power.
type disk struct {
	image, at string
	above     uint64 // the device that the directory at lies on
	mounted   bool
}

// newDisk mounts an empty disk at a directory, or skips the test where that is
// not allowed.
func newDisk(t *testing.T, at string) *disk {
	t.Helper()
	const needs = "NOT TESTED: a power cut needs root, loop devices and mkfs.ext4 (of e2fsprogs): "
	d := &disk{image: filepath.Join(t.TempDir(), "image"), at: at}
	require.NoError(t, os.WriteFile(d.image, nil, 0o600))
	require.NoError(t, os.Truncate(d.image, 256<<20))
	if said, err := exec.Command("mkfs.ext4", "-q", "-F", d.image).CombinedOutput(); err != nil {
		t.Skipf(needs+"mkfs.ext4: %v: %s", err, said)
	}
	var err error
	d.above, err = device(at)
	require.NoError(t, err)
	if said, err := d.mount(); err != nil {
		t.Skipf(needs+"mount: %v: %s", err, said)
	}
	t.Cleanup(func() { d.unmount(t) })
	require.NoError(t, os.Chmod(at, 0o750))
	return d
}

// mount mounts the disk: what its journal holds is done again.
func (d *disk) mount() (said []byte, err error) {
	// noauto_da_alloc: without it, ext4 mends what forgets to sync before a rename.
	said, err = exec.Command("mount", "-o", "loop,noauto_da_alloc", d.image, d.at).CombinedOutput()
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
	const shutdown, noLogFlush = 0x8004587d, 2 // EXT4_IOC_SHUTDOWN: _IOR('X', 125, __u32)
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
