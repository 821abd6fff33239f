// Package pluginnode tests a plugin in Node: documents in plain files.
package pluginnode

import (
	"encoding/json"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/plugin/host"
	"github.com/seed90475182/restspace/bus"
)

// kind returns the plugin's Kind. Where its packages are not installed, the test
// is skipped.
func kind(t *testing.T) adaptors.Kind {
	t.Helper()
	_, missing := exec.LookPath("node")
	for _, installed := range []string{"node_modules/restspace-plugin", "node_modules/restspace-plugin/../node_modules/node-forge"} {
		if _, err := os.Stat(installed); err != nil {
			missing = err
		}
	}
	if missing != nil {
		t.Skipf("NOT TESTED: Node, or the packages of the plugin, are not there: %v: make testdeps installs them", missing)
	}
	p := adaptors.Plugin{Path: "./plugin-node", Env: map[string]string{"PATH": os.Getenv("PATH")}}
	k, err := host.Kind(p, adaptors.StoreInterface)
	require.NoError(t, err)
	return k
}

// open opens a store of the plugin, over a directory.
func open(t *testing.T, root string) *host.Store {
	t.Helper()
	text, err := json.Marshal(map[string]string{"root": root})
	require.NoError(t, err)
	config := adaptors.RawConfig(text)
	made, err := kind(t).New(t.Context(), &config, env(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, made.(*host.Store).Close()) })
	return made.(*host.Store)
}

func env(t *testing.T) adaptors.Env {
	return adaptors.Env{Name: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

// TestStore has one process for all clauses, and removes the files of each.
func TestStore(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	adaptortest.Store(t, func(t *testing.T) adaptors.Store {
		t.Cleanup(func() {
			left, err := filepath.Glob(filepath.Join(root, "[^.]*"))
			require.NoError(t, err)
			for _, path := range left {
				require.NoError(t, os.RemoveAll(path))
			}
		})
		return s
	})
}

func TestConfigFaults(t *testing.T) {
	k := kind(t)
	for config, want := range map[string]string{
		`{}`:                       `there is no "root": write the directory of the documents, which is made if it is missing`,
		`{"root": 1}`:              `/root: this is a number: write a string`,
		`{"root": ""}`:             `/root: this is empty: write a directory`,
		`{"root": "a", "Root": 1}`: `/Root: unknown key "Root": the keys are root`,
	} {
		raw := adaptors.RawConfig(config)
		assert.ErrorContains(t, k.Ask(t.Context(), &raw, env(t)), want, config)
	}
}

// TestFiles sees that what is there are plain files, and what another run of the
// plugin finds.
func TestFiles(t *testing.T) {
	root := t.TempDir()
	put := func(s *host.Store, content string, c adaptors.Condition) (adaptors.Info, error) {
		return s.Put(t.Context(), adaptors.Key{"a/b", ".c"}, bus.NewBody([]byte(content), ""), c)
	}
	first := open(t, root)
	info, err := put(first, "content", adaptors.Condition{})
	require.NoError(t, err)
	data, err := os.ReadFile(filepath.Join(root, "a%2Fb", "%2Ec"))
	require.NoError(t, err)
	assert.Equal(t, "content", string(data))
	abandoned, going := filepath.Join(root, ".tmp", "abandoned"), filepath.Join(root, ".tmp", "going")
	for path, age := range map[string]time.Duration{abandoned: 2 * time.Hour, going: time.Minute} {
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Chtimes(path, time.Time{}, time.Now().Add(-age)))
	}

	second := open(t, root)
	assert.NoFileExists(t, abandoned)
	assert.FileExists(t, going)
	_, err = put(second, "other", adaptors.Condition{Match: []string{info.ETag}})
	require.NoError(t, err)
	_, err = put(second, "third", adaptors.Condition{Match: []string{info.ETag}})
	assert.ErrorIs(t, err, adaptors.ErrCondition)

	require.NoError(t, os.WriteFile(filepath.Join(root, "a%2Fb", "%2Ec"), []byte("by hand"), 0o600))
	_, after, err := second.Get(t.Context(), adaptors.Key{"a/b", ".c"}, adaptors.GetOptions{Meta: true})
	require.NoError(t, err)
	assert.NotEqual(t, info.ETag, after.ETag)
}

func TestKeyInTheWay(t *testing.T) {
	s := open(t, t.TempDir())
	put := func(key ...string) error {
		_, err := s.Put(t.Context(), key, bus.NewBody([]byte("x"), ""), adaptors.Condition{})
		return err
	}
	require.NoError(t, put("a", "b"))
	assert.ErrorIs(t, put("a"), fs.ErrExist)
	assert.ErrorIs(t, put("a", "b", "c"), fs.ErrExist)
	assert.ErrorIs(t, put("a", "b", "c", "d"), fs.ErrExist)
	assert.ErrorIs(t, put(slices.Repeat([]string{strings.Repeat("x", 200)}, 30)...), adaptors.ErrKey)
}
