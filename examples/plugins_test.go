package examples

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPluginNode runs the commands of the README of plugin-node.
func TestPluginNode(t *testing.T) {
	if _, err := os.Stat("plugin-node/node_modules"); err != nil {
		t.Skipf("NOT TESTED: the packages of the plugin in Node are not there: %v: make testdeps installs them", err)
	}
	readme, err := os.ReadFile("plugin-node/README.md")
	require.NoError(t, err)
	program, err := filepath.Abs("plugin-node/plugin-node")
	require.NoError(t, err)
	dir := t.TempDir()
	build(t, dir)
	there := [2]string{
		`"adaptor": "./plugin-node"`,
		fmt.Sprintf(`"adaptor": %q, "adaptorPlugin": {"env": {"PATH": %q}}`, program, os.Getenv("PATH")),
	}
	lay(t, "plugin-node/services.json", filepath.Join(dir, "services.json"), append(swaps{there}, anyPort...))
	address, _ := serve(t, dir)
	session(t, dir, consoles(t, string(readme), 1)[0], swaps{{readmeAddress, address}})
}
