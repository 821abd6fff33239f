package host_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/host"
	"github.com/seed90475182/restspace/adaptors/plugin/plugintest"
)

// What a program that can't be used is said to do, after its path.
func TestProgramsThatCantBeStarted(t *testing.T) {
	for fault, says := range map[plugintest.Fault]string{
		plugintest.Exits:     `it ended \(exit status 3\) before it said where it listens; it printed: no disk today`,
		plugintest.Garbage:   `its first line is "loading modules \.\.\.", and not where it listens: standard output belongs to the protocol, print to standard error`,
		plugintest.Endless:   `its first line is "(0123456789){10}", and not where it listens: standard output .*`,
		plugintest.Silent:    `it did not say within 10s where it listens`,
		plugintest.Version:   `it speaks version 1\|7 of the protocol, and this server 1\|1: build it for this one`,
		plugintest.TCP:       `it listens at tcp 127\.0\.0\.1:7: it has to listen at a Unix socket`,
		plugintest.Plain:     `its first line has no certificate: make one, and write it as the sixth part`,
		plugintest.Nobody:    `it can't be called: connection error: .*nobody.*`,
		plugintest.Mute:      `it was not ready within 10s`,
		plugintest.OnlyMails: `it has no Store: it serves Mailer`,
		plugintest.Unopened:  `the database does not answer`,
		plugintest.Panics:    `it ended \(exit status 2\) before it could be used; it printed: (?s:panic: no such luck.*)`,
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			var log bytes.Buffer
			_, err := tryOpen(program(fault), "{}", &log)
			assert.Regexp(t, `^plugin \S+/host\.test: `+says+`$`, err)
			assert.Less(t, time.Since(begun), 20*time.Second)
		})
	}
}

func TestConfigFaults(t *testing.T) {
	const config = `{"size": "much", "plaice": "x"}`
	_, err := tryOpen(program(plugintest.None), config, t.Output())
	assert.ErrorContains(t, err, `config /size: this is a string: write a whole number that fits`)

	kind, err := host.Kind(program(plugintest.None), adaptors.StoreInterface)
	require.NoError(t, err)
	env := adaptors.Env{Name: "test", Log: slog.New(slog.DiscardHandler)}
	raw := adaptors.RawConfig(config)
	var pointer interface{ Pointer() string }
	err = kind.Ask(t.Context(), &raw, env)
	require.ErrorAs(t, err, &pointer)
	assert.Equal(t, "/size", pointer.Pointer())
	raw = adaptors.RawConfig(`{"size": 1}`)
	assert.NoError(t, kind.Ask(t.Context(), &raw, env))
}

// Who has given up, or closes, waits for no start.
func TestStartIsGivenUp(t *testing.T) {
	kind, err := host.Kind(program(plugintest.Silent), adaptors.StoreInterface)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var log bytes.Buffer
	begun := time.Now()
	_, err = kind.New(ctx, kind.Config(), adaptors.Env{Name: "test", Log: slog.New(slog.NewTextHandler(&log, nil))})
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(begun), 8*time.Second)
	assert.Empty(t, log.String())
}

// A start leaves nothing behind, whether it succeeds or not.
func TestNothingIsLeftOfAStart(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	before := len(entries(t, "/proc/self/fd"))
	for _, fault := range []plugintest.Fault{plugintest.None, plugintest.Exits, plugintest.Garbage, plugintest.Nobody, plugintest.Unopened, plugintest.OnlyMails, plugintest.Panics} {
		s, err := tryOpen(program(fault), "{}", t.Output())
		if fault == plugintest.None {
			require.NoError(t, err)
			assert.NotEmpty(t, entries(t, dir))
			require.NoError(t, s.Close())
		} else {
			assert.Error(t, err)
		}
		assert.Empty(t, entries(t, dir), fault)
	}
	noProgram := filepath.Join(dir, "noprogram")
	require.NoError(t, os.WriteFile(noProgram, []byte("no program"), 0o700))
	_, err := tryOpen(adaptors.Plugin{Path: noProgram}, "{}", t.Output())
	assert.ErrorContains(t, err, "exec format error")
	assert.Equal(t, []string{"noprogram"}, entries(t, dir))
	assert.Len(t, entries(t, "/proc/self/fd"), before)
}

func TestProgramsThatAreNotStarted(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755))
	kindOf := func(p adaptors.Plugin) error {
		_, err := host.Kind(p, adaptors.StoreInterface)
		return err
	}
	require.NoError(t, kindOf(adaptors.Plugin{Path: program}))

	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(program, link))
	open := filepath.Join(dir, "open")
	require.NoError(t, os.WriteFile(open, nil, 0o700))
	require.NoError(t, os.Chmod(open, 0o777))
	public := filepath.Join(dir, "public", "program")
	require.NoError(t, os.Mkdir(filepath.Dir(public), 0o700))
	require.NoError(t, os.WriteFile(public, nil, 0o700))
	require.NoError(t, os.Chmod(filepath.Dir(public), 0o777))
	for says, p := range map[string]adaptors.Plugin{
		"there is no plugin " + dir + "/none: write the path of an executable":                            {Path: dir + "/none"},
		"has a .. in its path: write the path without it":                                                 {Path: dir + "/../x"},
		"is a link: write the path of the program itself":                                                 {Path: link},
		"is no file: write the path of an executable":                                                     {Path: dir},
		"is not executable: chmod +x it":                                                                  {Path: file},
		"everybody can write to the plugin " + open + ": chmod o-w it":                                    {Path: open},
		"everybody can replace the plugin " + public + ": chmod o-w " + dir:                               {Path: public},
		"not a SHA-256: write its 64 hexadecimal digits, as sha256sum prints them":                        {Path: program, SHA256: "ab"},
		"is another one, of the SHA-256 a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf": {Path: program, SHA256: "00000000000000000000000000000000000000000000000000000000000000ff"},
	} {
		assert.ErrorContains(t, kindOf(p), says)
	}
	assert.NoError(t, kindOf(adaptors.Plugin{Path: program, SHA256: "A8076D3D28D21E02012B20EAF7DBF75409A6277134439025F282E368E3305ABF"}))
}

func TestVariablesThatCantBeHandedDown(t *testing.T) {
	for name, want := range map[string]string{
		"":            "the variable has no name: write one, such as LANG",
		"A=B":         `"A=B" can't be the name of a variable: write it without = and NUL`,
		"A\x00":       `"A\x00" can't be the name of a variable: write it without = and NUL`,
		"PLUGIN_X":    `"PLUGIN_X" is a variable of the protocol: leave it out, or write another name`,
		"NUL_INSIDE":  `the value of "NUL_INSIDE" has a NUL in it: write it without`,
		"MY_PLUGIN_X": "",
	} {
		p := program(plugintest.None)
		p.Env[name] = map[bool]string{true: "\x00"}[name == "NUL_INSIDE"]
		_, err := host.Kind(p, adaptors.StoreInterface)
		if want == "" {
			assert.NoError(t, err)
			continue
		}
		assert.EqualError(t, err, want)
	}
}
