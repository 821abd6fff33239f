package runtime_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAgainIsWhatIsCurrentWithItsFilesAsTheyAreNow(t *testing.T) {
	const config = `{"services": [{"name": "a", "basePath": "/a", "service": "probe", "say": {"$file": "word"}, "readRoles": "all"}]}`
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("word", []byte("one"), 0o600))
	source := &shelf{content: []byte(config)}
	s := startSource(t, newProbe(), source)
	source.content = []byte(mounts([3]string{"b", "/b", "not asked for"}))
	changed, err := s.Again(t.Context(), false)
	require.NoError(t, err)
	assert.False(t, changed)
	require.NoError(t, os.WriteFile("word", []byte("two"), 0o600))
	changed, err = s.Again(t.Context(), false)
	require.NoError(t, err)
	assert.True(t, changed)
	s.says(t, "/a", "two")
}

func TestNothingIsLoadedOnceTheContextHasEnded(t *testing.T) {
	p := newProbe()
	s := start(t, p, mounts([3]string{"a", "/a", "one"}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, s.Load(ctx, "services.json", []byte(mounts([3]string{"a", "/a", "two"}))), context.Canceled)
	s.says(t, "/a", "one")
	assert.Equal(t, "two", p.noted(&p.closed), "what was opened is closed again")
}

// rolled is a shelf that says what other servers know.
type rolled struct {
	shelf
	trouble error
}

func (r *rolled) Health() error { return r.trouble }

func (r *rolled) Refused() bool { return r.trouble != nil }

func TestConfigurationThatIsNotRolledOutIsTold(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("ISSUER", "the issuer")
	config := strings.Replace(administered([3]string{"a", "/a", "one"}), `{"server"`, `{"auth": {"issuer": {"$env": "ISSUER"}}, "server"`, 1)
	source := &rolled{shelf: shelf{content: []byte(config)}}
	s := startSource(t, newProbe(), source)
	_, text, _ := s.get(t, "/readyz")
	assert.JSONEq(t, `{"status": "ok"}`, text)
	source.trouble = errors.New("another server\ncould not serve the issuer")
	status, text, _ := s.get(t, "/readyz")
	assert.Equal(t, 200, status)
	assert.JSONEq(t, `{"status": "degraded"}`, text, "nobody is told why")
	_, text = s.at(t, s.Addr(), "/readyz", "A")
	assert.Contains(t, text, `"configuration":"another server; could not serve [redacted]"`)
}

func TestMetricsOfAConfigurationThatAnotherServerRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	source := &rolled{shelf: shelf{content: []byte(operated([3]string{"a", "/a", "one"}))}}
	s := startSource(t, newProbe(), source)
	for _, row := range []struct {
		trouble error
		want    string
	}{{nil, "1"}, {errors.New("another server could not serve it"), "0"}, {nil, "1"}} {
		source.trouble = row.trouble
		assert.Contains(t, s.metrics(t), "\nrestspace_config_last_reload_successful "+row.want+"\n")
	}
}
