// Package pluginpython tests a plugin in Python: documents in SQLite.
package pluginpython

import (
	"context"
	"encoding/json"
	"io/fs"
	"log/slog"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/plugin/host"
	"github.com/seed90475182/restspace/bus"
)

// kind returns the plugin's Kind. Where what it imports is not installed, the test
// is skipped.
func kind(t *testing.T) adaptors.Kind {
	t.Helper()
	if out, err := exec.Command("/usr/bin/python3", "-c", "import grpc, cryptography, google.protobuf").CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED: Python, or what the plugin imports, is not there: %v: make testdeps installs it\n%s", err, out)
	}
	k, err := host.Kind(adaptors.Plugin{Path: "./plugin-python", Env: map[string]string{"PYTHONDONTWRITEBYTECODE": "1"}}, adaptors.StoreInterface)
	require.NoError(t, err)
	return k
}

func env(t *testing.T) adaptors.Env {
	return adaptors.Env{Name: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

// open opens a store of the plugin.
func open(t *testing.T, k adaptors.Kind, file string) *host.Store {
	t.Helper()
	text, err := json.Marshal(map[string]string{"file": file})
	require.NoError(t, err)
	config := adaptors.RawConfig(text)
	made, err := k.New(t.Context(), &config, env(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, made.(*host.Store).Close()) })
	return made.(*host.Store)
}

// TestStore has one process for all clauses, and empties it after each.
func TestStore(t *testing.T) {
	s := open(t, kind(t), filepath.Join(t.TempDir(), "db"))
	adaptortest.Store(t, func(t *testing.T) adaptors.Store {
		t.Cleanup(func() { empty(t, s, nil) })
		return s
	})
}

// empty deletes all that is below a prefix.
func empty(t *testing.T, s adaptors.Store, prefix adaptors.Key) {
	ctx := context.Background()
	for info, err := range s.List(ctx, prefix, adaptors.ListOptions{}) {
		require.NoError(t, err)
		k := append(prefix[:len(prefix):len(prefix)], info.Name)
		if info.Dir {
			empty(t, s, k)
		} else {
			assert.NoError(t, s.Delete(ctx, k, adaptors.Condition{}))
		}
	}
}

func TestConfigFaults(t *testing.T) {
	k := kind(t)
	for config, want := range map[string]string{
		`{}`:                       `there is no "file": write the file of the database, which is made if it is missing`,
		`{"file": 1}`:              `/file: this is a number: write a string`,
		`{"file": ""}`:             `/file: this is empty: write the path of a file`,
		`{"file": "a", "File": 1}`: `/File: unknown key "File": the keys are file`,
	} {
		raw := adaptors.RawConfig(config)
		assert.ErrorContains(t, k.Ask(t.Context(), &raw, env(t)), want, config)
	}
	raw := adaptors.RawConfig(`{"file": "no/such/directory/db"}`)
	_, err := k.New(t.Context(), &raw, env(t))
	assert.ErrorContains(t, err, "unable to open database file")
}

// TestTwoServers has two processes with one database.
func TestTwoServers(t *testing.T) {
	k, file := kind(t), filepath.Join(t.TempDir(), "db")
	one, two := open(t, k, file), open(t, k, file)
	put := func(s *host.Store, content string, c adaptors.Condition, key ...string) (adaptors.Info, error) {
		return s.Put(t.Context(), key, bus.NewBody([]byte(content), ""), c)
	}
	first, err := put(one, "1", adaptors.Condition{}, "a", "b")
	require.NoError(t, err)
	second, err := put(two, "2", adaptors.Condition{Match: []string{first.ETag}}, "a", "b")
	require.NoError(t, err)
	assert.NotEqual(t, first.ETag, second.ETag)
	_, err = put(one, "3", adaptors.Condition{Match: []string{first.ETag}}, "a", "b")
	assert.ErrorIs(t, err, adaptors.ErrCondition)
	_, err = put(one, "4", adaptors.Condition{}, "a")
	assert.ErrorIs(t, err, fs.ErrExist, "a directory is in the way")
	_, err = put(one, "5", adaptors.Condition{}, "a", "b", "c", "d")
	assert.ErrorIs(t, err, fs.ErrExist, "a document is in the way")
	body, _, err := one.Get(t.Context(), adaptors.Key{"a", "b"}, adaptors.GetOptions{})
	require.NoError(t, err)
	data, err := body.Bytes(10)
	require.NoError(t, err)
	assert.Equal(t, "2", string(data))
}
