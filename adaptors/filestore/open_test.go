package filestore_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/filestore"
	"github.com/seed90475182/restspace/bus"
)

func TestConfigIsChecked(t *testing.T) {
	tests := map[string]struct {
		config filestore.Config
		says   string
	}{
		"no root":            {filestore.Config{}, `"root" is missing: write the directory`},
		"unknown durability": {filestore.Config{Root: "x", Durability: "high"}, `"durability" is "high": write "full", "file" or "none"`},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			_, err := filestore.Open(test.config, adaptors.Env{})
			assert.ErrorContains(t, err, test.says)
		})
	}
}

func TestRefusedDirectories(t *testing.T) {
	tests := map[string]struct {
		prepare func(t *testing.T, root string)
		says    string
	}{
		"a file": {func(t *testing.T, root string) {
			require.NoError(t, os.WriteFile(root, nil, 0o600))
		}, "not a directory"},
		"everybody may write": {func(t *testing.T, root string) {
			require.NoError(t, os.Mkdir(root, 0o700))
			require.NoError(t, os.Chmod(root, 0o777))
		}, "chmod o-w"},
		"a link to nowhere": {func(t *testing.T, root string) {
			require.NoError(t, os.Symlink("nowhere", root))
		}, "a link that leads nowhere"},
		"it folds case": {func(t *testing.T, root string) { // what a look-up of the other case would find
			require.NoError(t, os.MkdirAll(filepath.Join(root, ".TRY-\u00c9"), 0o700))
		}, "differ in case or in Unicode normalization"},
		"it normalizes": {func(t *testing.T, root string) {
			require.NoError(t, os.MkdirAll(filepath.Join(root, ".try-e\u0301"), 0o700))
		}, "differ in case or in Unicode normalization"},
		"the lock is a link": {func(t *testing.T, root string) {
			require.NoError(t, os.Mkdir(root, 0o700))
			require.NoError(t, os.Symlink(filepath.Join(filepath.Dir(root), "elsewhere"), filepath.Join(root, ".lock")))
		}, "too many levels of symbolic links"},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "root")
			test.prepare(t, root)
			_, err := filestore.Open(filestore.Config{Root: root}, adaptors.Env{})
			require.ErrorContains(t, err, test.says)
			assert.ErrorContains(t, err, root)
			assert.NoFileExists(t, filepath.Join(filepath.Dir(root), "elsewhere"))
		})
	}
}

func TestOneServerADirectory(t *testing.T) {
	root := t.TempDir()
	first := open(t, root)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(root, link))
	for _, path := range []string{root, link} {
		_, err := filestore.Open(filestore.Config{Root: path}, adaptors.Env{})
		assert.ErrorContains(t, err, "directory "+path+": another server has it: end that one, or give this one a directory of its own")
	}
	mustPut(t, first, "x", "a")
}

func TestGenerationsShareADirectory(t *testing.T) {
	root := t.TempDir()
	env := adaptors.Env{Pool: new(adaptors.Pool)}
	before, err := filestore.Open(filestore.Config{Root: root}, env)
	require.NoError(t, err)
	after, err := filestore.Open(filestore.Config{Root: root, Durability: filestore.None}, env)
	require.NoError(t, err)

	info := mustPut(t, before, "x", "a")
	_, err = after.Put(context.Background(), adaptors.Key{"a"}, bus.NewBody(nil, ""), adaptors.Condition{Match: []string{info.ETag}})
	require.NoError(t, err)
	require.NoError(t, before.Close())
	mustPut(t, after, "y", "a")
	_, err = filestore.Open(filestore.Config{Root: root}, adaptors.Env{})
	require.ErrorContains(t, err, "another server has it")
	require.NoError(t, after.Close())
	open(t, root)
}

func TestSweep(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, ".tmp"), 0o700))
	for _, name := range []string{"1", "2", "zz"} {
		require.NoError(t, os.WriteFile(filepath.Join(root, ".tmp", name), []byte("half"), 0o600))
	}
	s := open(t, root)
	left, err := os.ReadDir(filepath.Join(root, ".tmp"))
	require.NoError(t, err)
	assert.Empty(t, left)
	mustPut(t, s, "x", "a")
}

func TestMovedRoot(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	s := open(t, root)
	mustPut(t, s, "x", "a")
	assertMoved := func() {
		t.Helper()
		_, err := put(s, "y", "a")
		require.Error(t, err)
		assert.Equal(t, 503, bus.Classify(err).Status)
		assert.Equal(t, bus.TypeUnavailable, bus.Classify(err).Type)
		err = s.Delete(context.Background(), adaptors.Key{"a"}, adaptors.Condition{})
		assert.Equal(t, 503, bus.Classify(err).Status)
	}
	require.NoError(t, os.Rename(root, root+"-aside"))
	assertMoved()
	require.NoError(t, os.Mkdir(root, 0o700))
	assertMoved()
	content, err := read(s, "a")
	require.NoError(t, err)
	assert.Equal(t, "x", content)

	require.NoError(t, os.Remove(root))
	require.NoError(t, os.Rename(root+"-aside", root))
	mustPut(t, s, "y", "a")
}

func TestClaims(t *testing.T) {
	claim := func(root string) adaptors.Claim {
		claims := filestore.Kind().Claims(&filestore.Config{Root: root})
		require.Len(t, claims, 1)
		return claims[0]
	}
	real, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(real, link))
	t.Chdir(real)
	assert.Equal(t, claim(real), claim(link))
	assert.Equal(t, claim(filepath.Join(real, "not", "yet")), claim("not/yet"))
	assert.True(t, claim(link+"/a").Overlaps(claim(real)))
	assert.True(t, claim("/").Overlaps(claim(real)))
	assert.False(t, claim(link+"/a").Overlaps(claim(real+"/b")))
	assert.False(t, claim(real+"/a").Overlaps(claim(real+"/ab")))
	for _, c := range []adaptors.Claim{claim(real), claim("/")} {
		assert.Equal(t, "file", c.Space)
	}
}

// mount mounts a file system in memory, or skips the test.
func mount(t *testing.T, options string) string {
	t.Helper()
	root := t.TempDir()
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, options); err != nil {
		t.Skipf("NOT TESTED: this needs the right to mount: %v", err)
	}
	t.Cleanup(func() { assert.NoError(t, unix.Unmount(root, 0)) })
	return root
}

func TestReadOnly(t *testing.T) {
	root := mount(t, "mode=0755")
	require.NoError(t, os.WriteFile(filepath.Join(root, "a"), []byte("x"), 0o600))
	require.NoError(t, unix.Mount("", root, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	s := open(t, root)
	content, err := read(s, "a")
	require.NoError(t, err)
	assert.Equal(t, "x", content)
	_, err = put(s, "y", "a")
	assert.ErrorIs(t, err, adaptors.ErrReadOnly)
	assert.ErrorIs(t, s.Delete(context.Background(), adaptors.Key{"a"}, adaptors.Condition{}), adaptors.ErrReadOnly)
}

func TestBecomesReadOnly(t *testing.T) {
	root := mount(t, "mode=0755")
	s := open(t, root)
	mustPut(t, s, "x", "a")
	require.NoError(t, unix.Mount("", root, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	defer func() { require.NoError(t, unix.Mount("", root, "", unix.MS_REMOUNT, "")) }()
	_, err := put(s, "y", "a")
	assert.ErrorIs(t, err, adaptors.ErrReadOnly)
	assert.ErrorIs(t, s.Delete(context.Background(), adaptors.Key{"a"}, adaptors.Condition{}), adaptors.ErrReadOnly)
}

func TestFull(t *testing.T) {
	s := open(t, mount(t, "mode=0755,size=256k"))
	before := mustPut(t, s, "old", "a")
	for _, key := range [][]string{{"a"}, {"new"}, {"dir", "new"}} {
		for _, size := range []int64{1 << 20, -1} {
			_, err := s.Put(context.Background(), key, bus.NewStream(io.NopCloser(io.LimitReader(zeros{}, 1<<20)), size, ""), adaptors.Condition{})
			require.ErrorIs(t, err, unix.ENOSPC)
			assert.Equal(t, 507, bus.Classify(err).Status)
		}
	}
	assert.Equal(t, []string{"a"}, list(t, s))
	_, after, err := s.Get(context.Background(), adaptors.Key{"a"}, adaptors.GetOptions{Meta: true})
	require.NoError(t, err)
	assert.Equal(t, before.ETag, after.ETag)
	mustPut(t, s, "again", "a") // what failed has given its space back
	assert.NoError(t, s.Health())
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestMountsBelowAreRefused(t *testing.T) {
	root := mount(t, "mode=0755")
	s := open(t, root)
	mustPut(t, s, "x", "dir", "doc")
	require.NoError(t, unix.Mount("tmpfs", filepath.Join(root, "dir"), "tmpfs", 0, ""))
	defer func() { require.NoError(t, unix.Unmount(filepath.Join(root, "dir"), 0)) }()
	require.NoError(t, os.WriteFile(filepath.Join(root, "dir", "other"), nil, 0o600))

	const says = "another file system is mounted here"
	_, err := read(s, "dir", "other")
	assert.ErrorContains(t, err, says)
	_, err = put(s, "x", "dir", "other")
	assert.ErrorContains(t, err, says)
	assert.ErrorContains(t, s.Delete(context.Background(), adaptors.Key{"dir", "other"}, adaptors.Condition{}), says)
	_, err = put(s, "x", "dir", "new")
	assert.Error(t, err)
	_, err = put(s, "x", "dir", "deep", "new")
	assert.Error(t, err)
	assert.NoDirExists(t, filepath.Join(root, "dir", "deep"))
}
