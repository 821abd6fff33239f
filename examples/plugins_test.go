package examples

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPluginMemory runs the commands of the README of plugin-memory.
func TestPluginMemory(t *testing.T) {
	readme, err := os.ReadFile("plugin-memory/README.md")
	require.NoError(t, err)
	dir := t.TempDir()
	build(t, dir)
	out, err := exec.Command("go", "build", "-o", dir, "./plugin-memory").CombinedOutput()
	require.NoError(t, err, string(out))
	lay(t, "plugin-memory/services.json", filepath.Join(dir, "services.json"), anyPort)
	address, _ := serve(t, dir)
	session(t, dir, consoles(t, string(readme), 1)[0], swaps{{readmeAddress, address}})
}

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

// TestPluginPython runs the commands of the README of plugin-python.
func TestPluginPython(t *testing.T) {
	if out, err := exec.Command("/usr/bin/python3", "-c", "import grpc, cryptography, google.protobuf").CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED: Python, or what the plugin imports, is not there: %v: make testdeps installs it\n%s", err, out)
	}
	readme, err := os.ReadFile("plugin-python/README.md")
	require.NoError(t, err)
	program, err := filepath.Abs("plugin-python/plugin-python")
	require.NoError(t, err)
	dir := t.TempDir()
	build(t, dir)
	there := [2]string{`"./plugin-python"`, fmt.Sprintf("%q", program)}
	lay(t, "plugin-python/services.json", filepath.Join(dir, "services.json"), append(swaps{there}, anyPort...))
	address, _ := serve(t, dir)
	session(t, dir, consoles(t, string(readme), 1)[0], swaps{{readmeAddress, address}})
}
