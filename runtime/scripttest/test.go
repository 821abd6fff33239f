package scripttest

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
)

// Test runs the scripts that the pattern of files matches, each in a directory
// of its own against a server of its own.
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
	script, err := Parse(data)
	require.NoError(t, err, file)
	if script.Config == nil {
		script.Config, err = os.ReadFile(filepath.Join(filepath.Dir(file), "services.json"))
		require.NoError(t, err)
	}
	t.Chdir(t.TempDir())
	for path, data := range script.Files {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, data, 0o600))
	}
	o.Listen, o.Address, o.LogTo = true, "127.0.0.1:0", t.Output()
	r := runtime.New(o)
	require.NoError(t, r.Load(t.Context(), "services.json", script.Config))
	client := &http.Client{
		Transport:     &http.Transport{},
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		require.NoError(t, r.Close(context.Background()))
	})
	player := Player{Base: "http://" + r.Addr(), Client: client, Token: func(email, roles string) (string, error) {
		return r.Token(&bus.User{Email: email, Roles: strings.Fields(roles)}, time.Hour)
	}}
	for i := range script.Steps {
		require.NoError(t, player.Play(&script.Steps[i]))
	}
}
