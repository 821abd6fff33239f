package filestore_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/filestore"
)

// crashRoot is set for the copy of this program that TestKilled kills.
const crashRoot = "FILESTORE_CRASH_ROOT"

// crash writes documents and says which, until somebody kills it.
func crash(root string) {
	s, err := filestore.Open(filestore.Config{Root: root}, adaptors.Env{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i := 0; ; i++ {
		name := fmt.Sprintf("%d", i%50)
		if _, err := put(s, content(i), "dir", name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("%d\n", i)
	}
}

func content(i int) string { return fmt.Sprintf("%d:%s", i, strings.Repeat("x", i%4000)) }

// TestKilled kills a server in the middle of its writes, and looks for each
// one that it had said to be done.
func TestKilled(t *testing.T) {
	root := t.TempDir()
	for range 3 {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		command := exec.CommandContext(ctx, os.Args[0])
		command.Env = append(os.Environ(), crashRoot+"="+root)
		output, err := command.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, command.Start())
		last := -1
		for lines := bufio.NewScanner(output); lines.Scan(); {
			_, err := fmt.Sscan(lines.Text(), &last)
			require.NoError(t, err)
			if last == 120 {
				require.NoError(t, command.Process.Kill())
			}
		}
		require.Error(t, command.Wait())
		cancel()
		require.GreaterOrEqual(t, last, 120)
		assertWritten(t, root, last)
	}
}

// assertWritten sees that all documents up to write number last are there, and
// that nothing is but whole ones: the write after it may be there too.
func assertWritten(t *testing.T, root string, last int) {
	t.Helper()
	s, err := filestore.Open(filestore.Config{Root: root}, adaptors.Env{})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	for i := last - 48; i <= last; i++ {
		got, err := read(s, "dir", fmt.Sprint(i%50))
		require.NoError(t, err)
		assert.Equal(t, content(i), got)
	}
	left, err := os.ReadDir(root + "/.tmp")
	require.NoError(t, err)
	assert.Empty(t, left, "temporary files")
}
