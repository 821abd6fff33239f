package configfile

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for a change.
const patience = 10 * time.Second

// watched watches names, and returns what waits for a change of them.
func watched(t *testing.T, names ...string) (*Watcher, func(what string)) {
	t.Helper()
	w, err := NewWatcher()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	await := func(what string) {
		t.Helper()
		select {
		case <-w.Changes():
		case <-time.After(patience):
			require.Fail(t, "no change was told", what)
		}
	}
	require.NoError(t, w.Watch(names...))
	await("nobody has looked before")
	return w, await
}

func put(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o750))
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
}

// link makes name a link to target, in one step where it is one already.
func link(t *testing.T, target, name string) {
	t.Helper()
	require.NoError(t, os.Symlink(target, name+".new"))
	require.NoError(t, os.Rename(name+".new", name))
}

func TestChangesAreTold(t *testing.T) {
	t.Chdir(t.TempDir())
	name := filepath.Join("etc", "services.json")
	put(t, name, "1")
	_, await := watched(t, name)

	put(t, name, "2")
	await("written")
	put(t, "next", "3")
	require.NoError(t, os.Rename("next", name))
	await("replaced")
	put(t, name, "4")
	await("written after it was replaced")
	require.NoError(t, os.Chmod(name, 0o640))
	await("its mode, with which it may be read now")
	require.NoError(t, os.Remove(name))
	await("removed")
	put(t, name, "5")
	await("made")
	require.NoError(t, os.Rename("etc", "before"))
	await("its directory has gone")
	put(t, name, "6")
	await("its directory has come")
	put(t, name, "7")
	await("written in the new directory")
}

func TestLinksAreFollowed(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, version := range []string{"1", "2", "3"} {
		put(t, filepath.Join("mounted", ".."+version, "services.json"), version)
	}
	link(t, "..1", "mounted/..data")
	link(t, "..data/services.json", "mounted/services.json")
	link(t, "mounted/services.json", "services.json")
	_, await := watched(t, "services.json")

	link(t, "..2", "mounted/..data")
	await("a link on the way leads elsewhere")
	put(t, "mounted/..2/services.json", "2a")
	await("the file that it leads to now was written")
	link(t, "mounted/..3/services.json", "services.json")
	await("the name leads elsewhere")
	put(t, "mounted/..3/services.json", "3a")
	await("the file that it leads to now was written")
	link(t, "nowhere/services.json", "services.json")
	await("the name leads nowhere")
	put(t, "nowhere/services.json", "4")
	await("what it leads to has come")
}

func TestOthersAreNotTold(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "services.json", "1")
	w, _ := watched(t, "services.json")
	dir, err := os.Getwd()
	require.NoError(t, err)
	for event, want := range map[fsnotify.Event]bool{
		{Name: filepath.Join(dir, "services.json"), Op: fsnotify.Write}: true,
		{Name: filepath.Join(dir, "log"), Op: fsnotify.Write}:           false,
		{Name: dir, Op: fsnotify.Remove}:                                true,
	} {
		assert.Equal(t, want, w.matters(event), event)
	}
}

func TestWatchReplacesWhatIsWatched(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "a/file", "1")
	put(t, "b/file", "1")
	w, await := watched(t, "a/file")
	require.NoError(t, w.Watch("b/file"))
	await("a new one counts as changed")
	put(t, "b/file", "2")
	await("written")
	require.Len(t, w.inner.WatchList(), 1)
	assert.Equal(t, "b", filepath.Base(w.inner.WatchList()[0]))
	require.NoError(t, w.Watch("b/file"))
	select {
	case <-w.Changes():
		t.Error("the same one again is no change")
	default:
	}
}

func TestTrace(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	t.Chdir(dir)
	put(t, "real/sub/file", "")
	require.NoError(t, os.Symlink("real/sub/..", "up"))
	require.NoError(t, os.Symlink(filepath.Join(dir, "up/sub/file"), "absolute"))
	require.NoError(t, os.Symlink("loop", "loop"))
	for name, want := range map[string][]string{
		"real/sub/file":  {"real/sub/file"},
		"real//./sub/..": {"real"},
		"up/sub/file":    {"up", "real/sub/file"},
		"absolute":       {"absolute", "up", "real/sub/file"},
		"real/no/file":   {"real/no"},
		"none":           {"none"},
	} {
		for i := range want {
			want[i] = filepath.Join(dir, want[i])
		}
		assert.Equal(t, want, trace(name), name)
	}
	assert.Equal(t, filepath.Join(dir, "loop"), trace("loop")[maxLinks])
}
