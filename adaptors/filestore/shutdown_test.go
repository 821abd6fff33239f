package filestore

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestSyncAfterAShutdown has XFS give up the changes of a directory, as it does
// when its disk fails, before they are synced.
func TestSyncAfterAShutdown(t *testing.T) {
	image, at := filepath.Join(t.TempDir(), "image"), t.TempDir()
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 320<<20))
	for _, command := range [][]string{{"mkfs.xfs", "-q", image}, {"mount", "-o", "loop", image, at}} {
		if said, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Skipf("NOT TESTED: this needs root, loop devices and mkfs.xfs (of the package xfsprogs): %s: %v: %s", command[0], err, said)
		}
	}
	defer func() { assert.NoError(t, unix.Unmount(at, 0)) }()
	d, err := openDir(at)
	require.NoError(t, err)
	defer d.close()
	var above, mounted unix.Stat_t
	require.NoError(t, unix.Stat(filepath.Dir(at), &above))
	require.NoError(t, d.stat(".", &mounted))
	require.NotEqual(t, above.Dev, mounted.Dev, "nothing is mounted: what would be shut down is the machine's own")

	require.NoError(t, fsync(int(d)))
	require.NoError(t, d.mkdir("a", 0o700))
	const shutdown, noLogFlush = 0x8004587d, 2 // XFS_IOC_GOINGDOWN: _IOR('X', 125, __u32)
	require.NoError(t, unix.IoctlSetPointerInt(int(d), shutdown, noLogFlush))
	assert.ErrorIs(t, fsync(int(d)), unix.EIO)
}
