package examples

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/cli"
	"github.com/seed90475182/restspace/runtime/scripttest"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestExamples(t *testing.T) {
	o := runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry()}
	for _, folder := range []string{"hello", "migrate", "contacts", "aggregate", "webhook", "zip-backup", "newsletter", "members"} {
		t.Run(folder, func(t *testing.T) { scripttest.Test(t, o, folder+"/test.txtar") })
	}
}

// TestMigrate imports the old configuration of its example: the services.json
// beside it is what comes of it, and its README holds what is told.
func TestMigrate(t *testing.T) {
	t.Chdir("migrate")
	want, err := os.ReadFile("services.json")
	require.NoError(t, err)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	app := cli.App{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry()}
	var stdout, stderr bytes.Buffer
	require.Zero(t, app.Run(t.Context(), []string{"import", "old.json"}, nil, nil, &stdout, &stderr))
	assert.Equal(t, string(want), stdout.String())
	assert.Contains(t, string(readme), "services.json\n"+stderr.String()+"$ restspace check\n")
	stdout.Reset()
	require.Zero(t, app.Run(t.Context(), []string{"check"}, nil, nil, &stdout, &stderr))
	assert.Contains(t, string(readme), "check\n"+stdout.String())
}
