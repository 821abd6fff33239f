package languages_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
)

// installed is where npm has put what the template in Node needs. Where there is
// none of it, the test is skipped.
func installed(t *testing.T) (packages string) {
	t.Helper()
	packages, err := filepath.Abs("node/node_modules")
	require.NoError(t, err)
	_, missing := exec.LookPath("node")
	if _, err := os.Stat(packages); err != nil {
		missing = err
	}
	if missing != nil {
		t.Skipf("NOT TESTED: Node, or the packages of the template, are not there: %v: make testdeps installs them", missing)
	}
	return packages
}

// TestNode runs the tests of the template in Node, and of the library in it.
func TestNode(t *testing.T) {
	installed(t)
	cmd := exec.Command("node", "--test", "--test-timeout=60000")
	cmd.Dir = "node"
	out, err := cmd.CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
	t.Logf("%s", out)
}

// TestNodeProject puts a new plugin to the contract: one process of it, that is
// emptied after each clause. What npm would install is linked.
func TestNodeProject(t *testing.T) {
	packages := installed(t)
	dir := lay(t, "node", "cellar")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "node_modules"), 0o755))
	list, err := os.ReadDir(packages)
	require.NoError(t, err)
	for _, entry := range list {
		require.NoError(t, os.Symlink(filepath.Join(packages, entry.Name()), filepath.Join(dir, "node_modules", entry.Name())))
	}
	own := filepath.Join(dir, "node_modules", "restspace-plugin")
	require.NoError(t, os.Remove(own))
	require.NoError(t, os.Symlink("../restspace-plugin", own))
	s := open(t, filepath.Join(dir, "cellar"), "{}")
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
