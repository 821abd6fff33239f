package crash

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	// What the programs are built of: when it changes, go test does not take
	// the last result for this one.
	_ "github.com/seed90475182/restspace/adaptors/all"
	_ "github.com/seed90475182/restspace/runtime/cli"
	_ "github.com/seed90475182/restspace/services/all"
)

// longForm is the variable of the environment that has the harnesses run in
// full.
const longForm = "RESTSPACE_CRASH"

// form returns how much of something is done: the short form is part of all
// tests.
func form(short, long int) int {
	if os.Getenv(longForm) != "" {
		return long
	}
	return short
}

// programs is the directory of what build has built.
var programs string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if programs, err = os.MkdirTemp("", "crash-*"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(programs)
		return m.Run()
	}())
}

// The command restspace, as it is delivered, and as one that can be told in
// RESTSPACE_UNSAFE what to leave out.
var (
	ordinary = sync.OnceValues(func() (string, error) { return build("restspace") })
	control  = sync.OnceValues(func() (string, error) { return build("control", "-tags=unsafecontrol") })
)

// build builds the command without the race detector.
func build(name string, flags ...string) (string, error) {
	path := filepath.Join(programs, name)
	args := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", path}, flags...)
	cmd := exec.Command("go", append(args, "github.com/seed90475182/restspace/runtime/cmd/restspace")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", cmd.Args, err, said)
	}
	return path, nil
}

// TestOnlyTheControlCanBeUnsafe looks for the name of the variable in both
// programs.
func TestOnlyTheControlCanBeUnsafe(t *testing.T) {
	assert.NotContains(t, read(t, ordinary), unsafe)
	assert.Contains(t, read(t, control), unsafe)
}

func read(t *testing.T, program func() (string, error)) string {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}
