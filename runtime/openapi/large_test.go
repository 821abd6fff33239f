package openapi_test

import (
	"bytes"
	"fmt"
	"io"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/openapi"
)

// large returns a configuration of so many mounts of documents.
func large(t testing.TB, mounts int) *config.Config {
	t.Helper()
	list := make([]string, mounts)
	for i := range list {
		list[i] = service(fmt.Sprintf("/n/%d", i), `"service": "json", "adaptor": "memory", "readRoles": "all", "writeRoles": "E A", "schema": {"type": "object"}`)
	}
	return parse(t, services(list...))
}

// watched counts what is written, and looks now and then at how much memory is
// held meanwhile.
type watched struct {
	written, looked int
	before, most    uint64
}

func (w *watched) Write(p []byte) (int, error) {
	if w.written += len(p); w.written-w.looked > 4<<20 {
		w.looked = w.written
		w.most = max(w.most, held())
	}
	return len(p), nil
}

func held() uint64 {
	goruntime.GC()
	var stats goruntime.MemStats
	goruntime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// TestManyMountsAreNotHeld describes as many mounts as a configuration may have.
func TestManyMountsAreNotHeld(t *testing.T) {
	conf := large(t, 10_000)
	w := watched{before: held()}
	d := openapi.New(conf)
	require.NoError(t, d.OpenAPI(&w, openapi.View{}))
	assert.Greater(t, w.written, 32<<20)
	assert.Less(t, w.most, w.before+16<<20, "%d bytes were written, %d held before", w.written, w.before)
	goruntime.KeepAlive(conf)
	goruntime.KeepAlive(d)
	t.Logf("%d bytes written, %d held more than before", w.written, int64(w.most)-int64(w.before))
}

func TestTheSameIsWrittenEachTime(t *testing.T) {
	conf := large(t, 50)
	var first, again bytes.Buffer
	require.NoError(t, openapi.New(conf).OpenAPI(&first, all))
	require.NoError(t, openapi.New(conf).OpenAPI(&again, all))
	assert.Equal(t, first.String(), again.String())
	assert.Equal(t, 1, strings.Count(first.String(), `"at-n-7.put"`))
}

func BenchmarkOpenAPI(b *testing.B) {
	for _, mounts := range []int{20, 10_000} {
		b.Run(fmt.Sprint(mounts), func(b *testing.B) {
			d := openapi.New(large(b, mounts))
			var w watched
			require.NoError(b, d.OpenAPI(&w, openapi.View{}))
			b.SetBytes(int64(w.written))
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, d.OpenAPI(io.Discard, openapi.View{}))
			}
		})
	}
}
