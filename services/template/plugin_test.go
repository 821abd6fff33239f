package template_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/gotemplate"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/adaptors/plugin"
	"github.com/seed90475182/restspace/adaptors/plugin/host"
	"github.com/seed90475182/restspace/bus"
)

// isPlugin has this program be a plugin with the engine gotemplate.
const isPlugin = "RESTSPACE_TEST_ENGINE"

func TestMain(m *testing.M) {
	if os.Getenv(isPlugin) != "" {
		plugin.Serve(plugin.Engine(func(context.Context, struct{}, adaptors.Env) (adaptors.Engine, error) { return gotemplate.New(), nil }))
		return
	}
	os.Exit(m.Run())
}

func TestEngineOfAPlugin(t *testing.T) {
	kind, err := host.Kind(adaptors.Plugin{Path: os.Args[0], Env: map[string]string{isPlugin: "1"}}, adaptors.EngineInterface)
	require.NoError(t, err)
	config := adaptors.RawConfig("")
	made, err := kind.New(t.Context(), &config, adaptors.Env{Name: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, made.(io.Closer).Close()) })

	s := newService(t, memstore.New(), made.(adaptors.Engine))
	put(t, s, "/page", `<p>{{template "part.html" .}}</p>`)
	_, err = serve(t, s, "POST", "/page", `{"a": "<"}`)
	assert.ErrorContains(t, err, `page.html:1:15: there is no template "part.html"`)
	assert.Equal(t, 422, bus.Classify(err).Status)
	for _, part := range []string{"{{.a}}", "[{{.a}}]"} {
		put(t, s, "/part", part)
		got, err := serve(t, s, "POST", "/page", `{"a": "<"}`)
		require.NoError(t, err)
		assert.Contains(t, got, "&lt;")
	}
	put(t, s, "/loop.txt", `{{range 100000000}}{{end}}`)
	_, err = serve(t, s, "POST", "/loop.txt", "")
	assert.ErrorContains(t, err, "steps")
	put(t, s, "/broken.txt", `{{if}}`)
	_, err = serve(t, s, "POST", "/broken.txt", "")
	assert.ErrorContains(t, err, "broken.txt:1:1: missing value for if", "a plugin is asked only when it fills")
}
