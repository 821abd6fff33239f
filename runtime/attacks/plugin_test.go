package attacks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors/plugin/plugintest"
)

// The plugin of these rows is the test binary, under this name in the place.
const pluginName = "plugin"

// installPlugin puts the plugin into the place, as a file of its own.
func (p *place) installPlugin(t *testing.T, name string) {
	t.Helper()
	from, err := os.Open("/proc/self/exe")
	require.NoError(t, err)
	defer from.Close()
	next := filepath.Join(p.dir, name+".next")
	to, err := os.OpenFile(next, os.O_CREATE|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(to, from)
	require.NoError(t, err)
	require.NoError(t, to.Close())
	require.NoError(t, os.Rename(next, filepath.Join(p.dir, name)))
}

// plugged is the mount /plug of a plugin with a fault, whose calls may be silent
// for two seconds. members go into its adaptorPlugin.
func plugged(fault plugintest.Fault, members string) string {
	return pluggedAt("./"+pluginName, fmt.Sprintf(`"env": {%q: %q}, "timeout": "2s"%s`, plugintest.Env, fault, members))
}

func pluggedAt(path, how string) string {
	return fmt.Sprintf(`{"name": "plug", "basePath": "/plug", "service": "file", "adaptor": %q, "adaptorPlugin": {%s}, %s}`, path, how, forAll)
}

// newPluginArena has the mount of a plugin with a fault.
func newPluginArena(t *testing.T, fault plugintest.Fault) *arena {
	t.Helper()
	p := newPlace(t)
	p.seed(t)
	p.installPlugin(t, pluginName)
	p.configure(t, withMount(t, plugged(fault, "")))
	return p.arena(t)
}

// plugin returns the number of the process of the plugin; 0 where it does not
// answer.
func (s *server) plugin(t *testing.T) int {
	t.Helper()
	number, _ := strconv.Atoi(s.get(t, "/plug/"+string(plugintest.PID)).body)
	return number
}

// assertAnother waits for the plugin to be another process than before.
func (s *server) assertAnother(t *testing.T, before int) {
	t.Helper()
	assert.Eventually(t, func() bool {
		now := s.plugin(t)
		return now != 0 && now != before
	}, patience, 10*time.Millisecond, "it is started again")
	assertEnds(t, before)
}

// assertEnds waits for the end of a process and of all in its group.
func assertEnds(t *testing.T, number int) {
	t.Helper()
	assert.Eventually(t, func() bool { return !isAlive(number) }, patience, 10*time.Millisecond, "process %d", number)
}

// isAlive reports whether a process has not ended.
func isAlive(number int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", number))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// groupOf returns the process group of a process.
func groupOf(t *testing.T, number int) int {
	t.Helper()
	require.NotZero(t, number)
	group, err := syscall.Getpgid(number)
	require.NoError(t, err)
	return group
}

// assertDown holds the mount to be down, and nothing else.
func (a *arena) assertDown(t *testing.T) {
	t.Helper()
	reply := a.get(t, "/plug/doc")
	assert.Equal(t, 503, reply.status)
	assert.NotEmpty(t, reply.header.Get("Retry-After"))
	assert.Empty(t, a.leaks(reply.body, a.secrets()))
	a.assertAlive(t)
}

// pluginExits is PLUGIN-001: at the start its mount is down and it is tried
// again, at a reload nothing changes.
func pluginExits(t *testing.T, _ attack) {
	const says = `plugin \./plugin: it ended \(exit status 3\) before it said where it listens; it printed: no disk today`
	a := newPluginArena(t, plugintest.Exits)
	a.assertDown(t)
	a.awaitLog(t, 0, says+`.*"next_ms":2000`)
	a.awaitLog(t, 0, says+`.*"next_ms":4000`)
	a.reload(t, fixtureConfig(t), saysLoaded)
	assert.Regexp(t, says, a.reload(t, withMount(t, plugged(plugintest.Exits, "")), saysRefused))
	assert.Equal(t, 404, a.get(t, "/plug/doc").status, "nothing of it is served")
	a.reload(t, withMount(t, plugged(plugintest.None, "")), saysLoaded)
	assert.NotZero(t, a.plugin(t))
}

// pluginStopped is PLUGIN-003.
func pluginStopped(t *testing.T, _ attack) {
	a := newPluginArena(t, plugintest.None)
	before := a.plugin(t)
	reply := a.get(t, "/plug/"+string(plugintest.Stop))
	assert.Equal(t, 504, reply.status)
	assert.Less(t, reply.took, scaled(3*time.Second))
	a.awaitLog(t, 0, "the plugin hangs: it is ended by force")
	a.assertAnother(t, before)
	a.assertAlive(t)
}

// pluginLoops is PLUGIN-004.
func pluginLoops(t *testing.T, _ attack) {
	a := newPluginArena(t, plugintest.Loops)
	a.awaitLog(t, 0, `the plugin is left alone for a while.*"restarts":5`)
	a.assertDown(t)
	used := a.cpu(t)
	time.Sleep(2 * time.Second)
	assert.Less(t, a.cpu(t)-used, 100*time.Millisecond*slowness, "of 2 seconds")
	assert.Contains(t, a.logged(), "started 5 times again in 1m0s, and then: exit status 7", "why a call was refused")
	assert.Equal(t, 5, strings.Count(a.logged(), "the plugin was started again"))
}

// cpu returns the time of processors that the server has used.
func (s *server) cpu(t *testing.T) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.pid))
	require.NoError(t, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// pluginGarbage is PLUGIN-005.
func pluginGarbage(t *testing.T, _ attack) {
	begun := time.Now()
	a := newPluginArena(t, plugintest.Garbage)
	assert.Less(t, time.Since(begun), scaled(10*time.Second))
	a.assertDown(t)
	a.awaitLog(t, 0, `plugin \./plugin: its first line is .*loading modules .*, and not where it listens`)
}

// pluginSwapped is PLUGIN-007: a program that is another one is not started, be
// it for a configuration or because the one before has ended.
func pluginSwapped(t *testing.T, _ attack) {
	a := newPluginArena(t, plugintest.None)
	program, err := os.ReadFile(filepath.Join(a.dir, pluginName))
	require.NoError(t, err)
	sum := sha256.Sum256(program)
	pinned := plugged(plugintest.None, `, "sha256": "`+hex.EncodeToString(sum[:])+`"`)
	config := withMount(t, pinned)
	a.reload(t, config, saysLoaded)
	number := a.plugin(t)
	ran := filepath.Join(a.dir, "ran")
	swapped := filepath.Join(a.dir, "swapped")
	require.NoError(t, os.WriteFile(swapped, []byte("#!/bin/sh\ntouch "+ran+"\n"), 0o755))
	require.NoError(t, os.Rename(swapped, filepath.Join(a.dir, pluginName)))
	require.NoError(t, syscall.Kill(number, syscall.SIGKILL))
	a.awaitLog(t, 0, `the plugin can't be started again.*is another one, of the SHA-256 [0-9a-f]{64}`)
	a.assertDown(t)
	a.assertRefused(t, strings.Replace(config, `"2s"`, `"3s"`, 1), position+`/services/8/adaptorPlugin/sha256: the program \./plugin is another one, of the SHA-256 `)
	assert.NoFileExists(t, ran)
	a.installPlugin(t, pluginName)
	assert.Eventually(t, func() bool { return a.plugin(t) != 0 }, patience, 50*time.Millisecond, "the right one is back")
}

// pluginPaths is PLUGIN-008.
func pluginPaths(t *testing.T, _ attack) {
	a := newPluginArena(t, plugintest.None)
	a.reload(t, fixtureConfig(t), saysLoaded)
	require.NoError(t, os.Symlink(pluginName, filepath.Join(a.dir, "link")))
	a.installPlugin(t, "writable")
	require.NoError(t, os.Chmod(filepath.Join(a.dir, "writable"), 0o777))
	require.NoError(t, os.Mkdir(filepath.Join(a.dir, "public"), 0o755))
	require.NoError(t, os.Chmod(filepath.Join(a.dir, "public"), 0o777))
	a.installPlugin(t, "public/plugin")
	require.NoError(t, os.Mkdir(filepath.Join(a.dir, "public", "own"), 0o755))
	a.installPlugin(t, "public/own/inner")
	require.NoError(t, os.Symlink(filepath.Join("public", "own"), filepath.Join(a.dir, "away")))
	for path, says := range map[string]string{
		"./link":             `the plugin \./link is a link: write the path of the program itself`,
		"./writable":         `everybody can write to the plugin \./writable: chmod o-w it`,
		"./public/plugin":    `everybody can replace the plugin \./public/plugin: chmod o-w /.*/public`,
		"./public/own/inner": `everybody can replace the plugin \./public/own/inner: chmod o-w /.*/public`,
		"./away/inner":       `everybody can replace the plugin \./away/inner: chmod o-w /.*/public`,
		"./data/../plugin":   `the plugin \./data/\.\./plugin has a \.\. in its path: write the path without it`,
		"./data":             `the plugin \./data is no file: write the path of an executable`,
		"./none":             `there is no plugin \./none: write the path of an executable`,
		"./auth.key":         `the plugin \./auth\.key is not executable: chmod \+x it`,
	} {
		t.Run(path, func(t *testing.T) {
			a.assertRefused(t, withMount(t, pluggedAt(path, "")), position+`/services/8/adaptor: `+says)
		})
	}
}

// pluginHuge is PLUGIN-009.
func pluginHuge(t *testing.T, _ attack) {
	a := newPluginArena(t, plugintest.None)
	before := a.vitals(t)
	assert.Equal(t, 502, a.get(t, "/plug/"+string(plugintest.Huge)).status)
	assert.Less(t, a.vitals(t).rssMB-before.rssMB, 64*slowness)
	a.assertAlive(t)
}

// pluginChatty is PLUGIN-012.
func pluginChatty(t *testing.T, _ attack) {
	a := newPluginArena(t, plugintest.Chatty)
	before := a.vitals(t)
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		assert.NotZero(t, a.plugin(t))
	}
	a.awaitLog(t, 0, `the plugin prints too much`)
	assert.Less(t, a.logEnd(t), int64(2<<20))
	assert.Less(t, a.vitals(t).rssMB-before.rssMB, 64*slowness)
	a.assertAlive(t)
}

// pluginForks is PLUGIN-013.
func pluginForks(t *testing.T, _ attack) {
	a := newPluginArena(t, plugintest.Forks)
	group := groupOf(t, a.plugin(t))
	require.Len(t, plugintest.Group(group), 4, "a shell that watches, the plugin, its child and grandchild")
	a.kill(t)
	assert.Eventually(t, func() bool { return len(plugintest.Group(group)) == 0 }, patience, 10*time.Millisecond, "left: %v", plugintest.Group(group))
}

// pluginReloaded is PLUGIN-016: a slow download goes on with the process that
// it began with, which ends after it.
func pluginReloaded(t *testing.T, _ attack) {
	a := newPluginArena(t, plugintest.None)
	const size = 32 << 20
	require.Equal(t, 201, a.put(t, "/plug/big.bin", strings.Repeat("0123456789abcdef", size/16)).status)
	before := a.plugin(t)
	slow := a.download(t, "/plug/big.bin")
	a.reload(t, withMount(t, plugged(plugintest.None, ""), mount("/new", "new", forAll)), saysLoaded)
	assert.Equal(t, before, a.plugin(t), "what has not changed keeps its process")
	a.reload(t, withMount(t, plugged(plugintest.Deaf, "")), saysLoaded)
	after := a.plugin(t)
	assert.NotZero(t, after)
	assert.NotEqual(t, before, after, "another environment is another process")
	time.Sleep(300 * time.Millisecond)
	assert.True(t, isAlive(before), "it has a call yet")
	assert.Equal(t, int64(size), slow.rest(t))
	assertEnds(t, before)
	a.assertAlive(t)
}

// pluginServerKilled is PLUGIN-017.
func pluginServerKilled(t *testing.T, _ attack) {
	a := newPluginArena(t, plugintest.Deaf)
	before := a.plugin(t)
	group := groupOf(t, before)
	a.kill(t)
	again := a.place.start(t)
	assert.Eventually(t, func() bool { return len(plugintest.Group(group)) == 0 }, patience, 10*time.Millisecond, "left: %v", plugintest.Group(group))
	now := again.plugin(t)
	assert.NotZero(t, now)
	assert.NotEqual(t, before, now)
	assert.Equal(t, 200, again.get(t, "/pub/hello").status, "its directories are free")
}

// pluginLate is PLUGIN-018.
func pluginLate(t *testing.T, _ attack) {
	a := newPluginArena(t, plugintest.None)
	a.reload(t, replaced(t, withMount(t, plugged(plugintest.None, "")), `"2s"`, `"1s"`), saysLoaded)
	before := a.plugin(t)
	for range 3 {
		assert.Equal(t, 504, a.get(t, "/plug/"+string(plugintest.Late)).status)
	}
	for end := time.Now().Add(2 * plugintest.LateBy); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		reply := a.get(t, "/plug/"+string(plugintest.PID))
		assert.Equal(t, strconv.Itoa(before), reply.body, "nobody gets another's answer")
	}
	a.assertAlive(t)
}

// socketOf returns the socket of a plugin.
func socketOf(t *testing.T, number int) string {
	t.Helper()
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", number))
	require.NoError(t, err)
	for _, member := range strings.Split(string(environment), "\x00") {
		if dir, ok := strings.CutPrefix(member, "PLUGIN_UNIX_SOCKET_DIR="); ok {
			sockets, err := filepath.Glob(filepath.Join(dir, "*"))
			require.NoError(t, err)
			require.Len(t, sockets, 1)
			return sockets[0]
		}
	}
	require.Fail(t, "the plugin has no directory for its socket")
	return ""
}
