package examples

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestComposition runs the commands of the READMEs of webhook and zip-backup.
func TestComposition(t *testing.T) {
	built := t.TempDir()
	build(t, built)
	for _, folder := range []string{"webhook", "zip-backup"} {
		t.Run(folder, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.Symlink(filepath.Join(built, "bin"), filepath.Join(dir, "bin")))
			lay(t, folder+"/services.json", filepath.Join(dir, "services.json"), anyPort)
			address, _ := serve(t, dir)
			readme, err := os.ReadFile(folder + "/README.md")
			require.NoError(t, err)
			session(t, dir, consoles(t, string(readme), 1)[0], swaps{{readmeAddress, address}})
		})
	}
}

// TestAggregate runs the commands of the README of aggregate, with its APIs.
func TestAggregate(t *testing.T) {
	const apis = "127.0.0.1:4001"
	dir := t.TempDir()
	build(t, dir)
	lay(t, "aggregate/apis.json", filepath.Join(dir, "apis.json"), swaps{{apis, "127.0.0.1:0"}})
	upstream, _ := serve(t, dir, "--config", "apis.json")
	lay(t, "aggregate/services.json", filepath.Join(dir, "services.json"), append(swaps{{apis, upstream}}, anyPort...))
	address, _ := serve(t, dir)
	readme, err := os.ReadFile("aggregate/README.md")
	require.NoError(t, err)
	texts := consoles(t, string(readme), 2)
	session(t, dir, texts[0]+texts[1], swaps{{readmeAddress, address}})
}
