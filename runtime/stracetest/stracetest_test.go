package stracetest_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/runtime/stracetest"
)

func TestAttach(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	cmd := exec.Command("sh", "-c", `read line && mkdir "$0"`, dir)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	end := stracetest.Attach(t, cmd.Process.Pid, "-e", "trace=mkdir,mkdirat", "-e", "inject=mkdir,mkdirat:error=ENOSPC")
	_, err = in.Write([]byte("\n"))
	require.NoError(t, err)
	assert.Error(t, cmd.Wait())
	assert.NoDirExists(t, dir)
	assert.Contains(t, end(), "ENOSPC (No space left on device) (INJECTED)")
}
