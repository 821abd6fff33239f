package runtime_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSettingsWithoutDescriptors changes the settings of a server when the
// process may have one more descriptor only: what serves stays, and can be
// changed later.
func TestSettingsWithoutDescriptors(t *testing.T) {
	row := [3]string{"a", "/a", "one"}
	s := start(t, newProbe(), drainingIn(time.Second, row))
	load := func(d time.Duration) error {
		return s.Load(t.Context(), "services.json", []byte(drainingIn(d, row)))
	}
	s.says(t, "/a", "one")
	give := takeDescriptors(t)
	err := load(2 * time.Second)
	give()
	assert.ErrorIs(t, err, syscall.EMFILE)
	s.says(t, "/a", "one")
	for d := range time.Duration(3) {
		require.NoError(t, load(3*time.Second+d))
		s.client.CloseIdleConnections()
		s.says(t, "/a", "one")
	}
}

// takeDescriptors leaves one descriptor to the process until give is called.
func takeDescriptors(t *testing.T) (give func()) {
	t.Helper()
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before))
	low := before
	low.Cur = 128
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low))
	var taken []*os.File
	give = func() {
		for _, f := range taken {
			_ = f.Close()
		}
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before))
	}
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			require.ErrorIs(t, err, syscall.EMFILE)
			break
		}
		taken = append(taken, f)
	}
	require.NotEmpty(t, taken)
	require.NoError(t, taken[0].Close())
	return give
}
