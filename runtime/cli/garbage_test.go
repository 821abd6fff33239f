package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPercentFor(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 400, 1 << 20: 400, 3 << 20: 400, 4 << 20: 300, 5 << 20: 200, 11 << 20: 100, 1 << 40: 100,
	} {
		assert.Equal(t, want, percentFor(live), live)
	}
}

// Little garbage is not worth a collection, much of what is alive is worth as much
// garbage.
func TestPaceGarbage(t *testing.T) {
	t.Setenv("GOGC", "") // so that it is as it was afterwards
	require.NoError(t, os.Unsetenv("GOGC"))
	t.Cleanup(func() { debug.SetGCPercent(defaultPercent) })
	stop := paceGarbage()
	defer stop()
	becomes := func(want func(percent uint64) bool, text string) {
		t.Helper()
		assert.Eventually(t, func() bool {
			runtime.GC()
			return want(percentNow())
		}, time.Minute, time.Millisecond, text)
	}
	much := make([]byte, 64<<20)
	becomes(func(percent uint64) bool { return percent == defaultPercent }, "much is alive")
	runtime.KeepAlive(much)
	becomes(func(percent uint64) bool { return percent > defaultPercent }, "little is alive")
	stop()
	assert.EqualValues(t, defaultPercent, percentNow())
	for range 3 { // the last cleanup may be on its way
		runtime.GC()
	}
	assert.EqualValues(t, defaultPercent, percentNow(), "nobody adjusts it any more")
}

func TestGarbageOfTheEnvironment(t *testing.T) {
	t.Setenv("GOGC", "150")
	before := percentNow()
	paceGarbage()()
	assert.Equal(t, before, percentNow())
}

func percentNow() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
