package cli

import (
	"bytes"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/runtime/hashing"
)

func TestLimitMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	t.Setenv("GOMEMLIMIT", "") // so that it is as it was afterwards
	require.NoError(t, os.Unsetenv("GOMEMLIMIT"))
	nobody := func() (uint64, error) { return 0, memlimit.ErrNoCgroup }
	none := func() (uint64, error) { return 0, memlimit.ErrNoLimit }
	for _, row := range []struct {
		name    string
		allowed memlimit.Provider
		limit   int64
		told    string
	}{
		{"a container", memlimit.Limit(1000 << 20), 900 << 20, `level=INFO msg="memory is limited" bytes=943718400` + "\n"},
		{"no limit", none, math.MaxInt64, "level=DEBUG msg=\"memory is not limited\"\n"},
		{"no cgroup", nobody, 7 << 30, "level=DEBUG msg=\"nobody says how much memory there is\" error=\"failed to set GOMEMLIMIT: process is not in cgroup\"\n"},
	} {
		debug.SetMemoryLimit(7 << 30)
		var log bytes.Buffer
		limitMemory(row.allowed)(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: withoutTime})))
		assert.Equal(t, row.limit, debug.SetMemoryLimit(-1), row.name)
		assert.Equal(t, row.told, log.String(), row.name)
	}
	t.Setenv("GOMEMLIMIT", "5GiB")
	debug.SetMemoryLimit(5 << 30)
	limitMemory(memlimit.Limit(1000 << 20))
	assert.EqualValues(t, 5<<30, debug.SetMemoryLimit(-1), "the environment says it")
}

func TestMemoryBesidePasswords(t *testing.T) {
	for allowed, want := range map[uint64]uint64{
		1 << 40:   1<<40 - hashing.Memory(),
		100 << 10: 75 << 10,
		0:         0,
	} {
		limit, err := besidePasswords(memlimit.Limit(allowed))()
		require.NoError(t, err)
		assert.Equal(t, want, limit, allowed)
	}
	_, err := besidePasswords(func() (uint64, error) { return 0, memlimit.ErrNoLimit })()
	assert.ErrorIs(t, err, memlimit.ErrNoLimit)
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
