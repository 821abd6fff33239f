// Package scripttest runs scripts, as package script says, in tests of Go.
package scripttest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/script"
)

// patience is how long a script may take.
const patience = time.Minute

// Test runs the scripts that the pattern of files matches, each in a directory
// of its own against a server of its own, with stores and other servers wherever
// its configuration has them. The configuration of a script without
// one is beside it.
func Test(t *testing.T, o runtime.Options, pattern string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files, "no script matches %s", pattern)
	for _, file := range files {
		name, _ := strings.CutSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) { run(t, o, file) })
	}
}

func run(t *testing.T, o runtime.Options, file string) {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	read, err := script.Parse(file, data)
	require.NoError(t, err)
	dir, err := filepath.Abs(filepath.Dir(file))
	require.NoError(t, err)
	options := script.Options{Runtime: o, ConfigName: "services.json", Dir: dir, Outside: true}
	if read.Config == nil {
		options.Config, err = os.ReadFile(filepath.Join(dir, "services.json"))
		require.NoError(t, err)
	}
	options.Runtime.LogTo = t.Output()
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	session, err := script.Start(ctx, read, options)
	require.NoError(t, err)
	defer func() { assert.NoError(t, session.Close()) }()
	for i := range read.Steps {
		step := &read.Steps[i]
		require.NoError(t, session.Play(ctx, step), "%s:%d: %s: %s %s", file, step.Line, step.Title, step.Method, step.URL)
	}
}
