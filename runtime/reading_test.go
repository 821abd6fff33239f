package runtime_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fromOutside is a configuration of two probes that say what stands in files.
const fromOutside = `{"services": [
	{"name": "a", "basePath": "/a", "service": "probe", "say": {"$file": "first"}, "readRoles": "all"},
	{"name": "b", "basePath": "/b", "service": "probe", "say": {"$file": "second", "default": "nothing"}, "readRoles": "all"}
]}`

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
}

func TestReloadSeesWhatComesFromOutside(t *testing.T) {
	s := start(t, newProbe(), mounts())
	load := func() error { return s.Load(t.Context(), "services.json", []byte(fromOutside)) }
	says := func(a, b string) {
		t.Helper()
		require.NoError(t, load())
		s.says(t, "/a", a)
		s.says(t, "/b", b)
	}
	writeFile(t, "first", "blue-1")
	says("blue-1", "nothing")
	writeFile(t, "second", "red-22")
	says("blue-1", "red-22")
	writeFile(t, "first", "red-22")
	writeFile(t, "second", "blue-1")
	says("red-22", "blue-1")
	require.NoError(t, os.Remove("second"))
	says("red-22", "nothing")
}

func TestFilesOfARefusedConfiguration(t *testing.T) {
	s := start(t, newProbe(), mounts([3]string{"a", "/a", "one"}))
	assert.Empty(t, s.Files())
	require.ErrorContains(t, s.Load(t.Context(), "services.json", []byte(fromOutside)), `"first"`)
	s.says(t, "/a", "one")
	assert.Equal(t, []string{"first", "second"}, s.Files(), "those that may mend it")
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(mounts([3]string{"a", "/a", "one"}))))
	assert.Empty(t, s.Files())
}

func TestReplacedSecretsStayOutOfTheLog(t *testing.T) {
	p := newProbe()
	s := start(t, p, mounts())
	load := func(secret string) {
		writeFile(t, "first", secret)
		require.NoError(t, s.Load(t.Context(), "services.json", []byte(fromOutside)))
	}
	load("blue-1")
	done := make(chan int)
	go func() {
		status, _, _ := s.get(t, "/a/wait/fail")
		done <- status
	}()
	<-p.inside
	load("red-22")
	p.release <- struct{}{}
	assert.Equal(t, 500, <-done)
	require.NoError(t, s.Close(context.Background()))
	assert.Contains(t, s.log.String(), "it can't say [redacted]")
	assert.NotContains(t, s.log.String(), "blue-1")
}
