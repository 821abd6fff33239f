package scripttest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/scripttest"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestScripts(t *testing.T) {
	scripttest.Test(t, runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry()}, "testdata/*.txtar")
}

// TestReadme plays the script in the README of the command line.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../cli/README.md")
	require.NoError(t, err)
	found := regexp.MustCompile("(?s)```txtar\n(.*?)```").FindSubmatch(readme)
	require.NotNil(t, found)
	file := filepath.Join(t.TempDir(), "hello.txtar")
	require.NoError(t, os.WriteFile(file, found[1], 0o600))
	scripttest.Test(t, runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry()}, file)
}
