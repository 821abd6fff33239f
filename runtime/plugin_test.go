package runtime_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/adaptors/plugin/plugintest"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime"
	servicelist "github.com/seed90475182/restspace/services/all"
)

// pluginServer is a server with plugins, whose program is a copy of this one.
type pluginServer struct {
	*server
	program string
}

func startPlugins(t *testing.T) *pluginServer {
	t.Helper()
	t.Chdir(t.TempDir())
	p := &pluginServer{program: "./plugin"}
	p.install(t)
	p.server = &server{log: new(bustest.Log), client: &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}}
	p.Runtime = runtime.New(runtime.Options{
		Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(),
		Listen: true, Address: "127.0.0.1:0", LogTo: p.log,
	})
	t.Cleanup(func() {
		p.client.CloseIdleConnections()
		require.NoError(t, p.Close(context.Background()))
	})
	return p
}

// install puts the program in its place, as a new file.
func (p *pluginServer) install(t *testing.T) {
	t.Helper()
	program, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("next", program, 0o755))
	require.NoError(t, os.Rename("next", p.program))
}

// pluginMount is a mount of the plugin.
func pluginMount(base, config, how string) string {
	return fmt.Sprintf(`{"name": %q, "basePath": %q, "service": "file", "readRoles": "all", "adaptor": "./plugin", "adaptorConfig": {%s}, "adaptorPlugin": {%s}}`,
		base[1:], base, config, how)
}

// well is how a plugin is run that does nothing wrong.
var well = fmt.Sprintf(`"env": {%q: %q}`, plugintest.Env, plugintest.None)

func (p *pluginServer) load(t *testing.T, mounts ...string) error {
	t.Helper()
	var config bytes.Buffer
	for i, mount := range mounts {
		config.WriteString([]string{`{"services": [`, ", "}[min(i, 1)] + mount)
	}
	config.WriteString("]}")
	return p.Load(t.Context(), "services.json", config.Bytes())
}

// pid returns the number of the process behind a mount.
func (p *pluginServer) pid(t *testing.T, base string) int {
	t.Helper()
	status, text, _ := p.get(t, base+"/"+string(plugintest.PID))
	require.Equal(t, 200, status, text)
	number, err := strconv.Atoi(text)
	require.NoError(t, err)
	return number
}

// ended waits for the end of a process.
func ended(t *testing.T, number int) {
	t.Helper()
	assert.Eventually(t, func() bool {
		_, err := os.Stat("/proc/" + strconv.Itoa(number))
		return err != nil
	}, 20*time.Second, 10*time.Millisecond, "process %d", number)
}

func TestPluginsOverReloads(t *testing.T) {
	p := startPlugins(t)
	require.NoError(t, p.load(t, pluginMount("/a", "", well), pluginMount("/b", "", well), pluginMount("/c", `"size": 1`, well)))
	first, other := p.pid(t, "/a"), p.pid(t, "/c")
	assert.Equal(t, first, p.pid(t, "/b"), "one process for what is the same")
	assert.NotEqual(t, first, other)

	require.NoError(t, p.load(t, pluginMount("/a", "", well), pluginMount("/moved", "", well)))
	assert.Equal(t, first, p.pid(t, "/a"))
	assert.Equal(t, first, p.pid(t, "/moved"))
	ended(t, other)

	for _, changed := range []string{
		pluginMount("/a", `"size": 2`, well),
		pluginMount("/a", `"size": 2`, well+`, "timeout": "3s"`),
		pluginMount("/a", `"size": 2`, fmt.Sprintf(`"env": {%q: %q}`, plugintest.Env, plugintest.Deaf)),
	} {
		before := p.pid(t, "/a")
		require.NoError(t, p.load(t, changed))
		assert.NotEqual(t, before, p.pid(t, "/a"), changed)
		ended(t, before)
	}
	assert.NotContains(t, p.log.String(), `"ERROR"`)
}

// A program that was replaced is started by the next load, of whatever bytes.
func TestPluginProgramReplaced(t *testing.T) {
	p := startPlugins(t)
	require.NoError(t, p.load(t, pluginMount("/a", "", well)))
	before := p.pid(t, "/a")
	require.NoError(t, p.load(t, pluginMount("/a", "", well)))
	assert.Equal(t, before, p.pid(t, "/a"))
	p.install(t)
	assert.Equal(t, before, p.pid(t, "/a"))
	require.NoError(t, p.load(t, pluginMount("/a", "", well)))
	assert.NotEqual(t, before, p.pid(t, "/a"))
	ended(t, before)
}

// One that can't start fails a reload whole. At the start only its mount is
// down, until it can.
func TestPluginThatCantStart(t *testing.T) {
	p := startPlugins(t)
	broken := fmt.Sprintf(`"env": {%q: %q}`, plugintest.Env, plugintest.Exits)
	require.NoError(t, os.WriteFile(p.program, []byte("#!/bin/sh\necho no luck >&2\nexit 1\n"), 0o755))
	require.NoError(t, p.load(t, pluginMount("/a", "", well), `{"name": "memory", "basePath": "/m", "service": "file", "adaptor": "memory", "readRoles": "all"}`))
	status, _, header := p.get(t, "/a/doc")
	assert.Equal(t, 503, status)
	assert.NotEmpty(t, header.Get("Retry-After"))
	status, _, _ = p.get(t, "/m/doc")
	assert.Equal(t, 404, status)
	p.install(t)
	assert.Eventually(t, func() bool { status, _, _ := p.get(t, "/a/pid"); return status == 200 }, 20*time.Second, 10*time.Millisecond)

	before := p.pid(t, "/a")
	err := p.load(t, pluginMount("/a", "", well), pluginMount("/b", "", broken))
	assert.ErrorContains(t, err, `service "b": adaptor "./plugin": plugin ./plugin: it ended (exit status 3) before it said where it listens; it printed: no disk today`)
	assert.Equal(t, before, p.pid(t, "/a"))
	status, _, _ = p.get(t, "/b/doc")
	assert.Equal(t, 404, status)

	err = p.load(t, pluginMount("/a", `"size": "much"`, well))
	assert.ErrorContains(t, err, `plugin ./plugin: config /size: this is a string: write a whole number that fits`)
	assert.Equal(t, before, p.pid(t, "/a"))
	left, err := filepath.Glob("*")
	require.NoError(t, err)
	assert.Equal(t, []string{"data", "plugin"}, left)
}
