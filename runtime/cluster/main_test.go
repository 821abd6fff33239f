package cluster

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	// What the program is built of: when it changes, go test does not take the
	// last result for this one.
	_ "github.com/seed90475182/restspace/adaptors/all"
	_ "github.com/seed90475182/restspace/runtime/cli"
	_ "github.com/seed90475182/restspace/services/all"
)

// longForm is the variable of the environment that has the test run in full.
const longForm = "RESTSPACE_CLUSTER"

// form returns how much of something is done: the short form is part of all
// tests.
func form[T any](short, long T) T {
	if os.Getenv(longForm) != "" {
		return long
	}
	return short
}

// build builds the command restspace without the race detector.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "restspace")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "github.com/seed90475182/restspace/runtime/cmd/restspace")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	return path
}
