package documents

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// FuzzRange: a range that is understood is within the body, whatever its size.
func FuzzRange(f *testing.F) {
	for _, seed := range []string{"", "bytes=0-9", "bytes=-5", "bytes=5-", "bytes=9-0", "bytes=0-0,2-3", "Bytes= 1-2\t", "bytes=99999999999999999999-", "bytes=-0", "bytes=+1-2", "items=0-1"} {
		f.Add(seed, int64(10))
	}
	f.Fuzz(func(t *testing.T, field string, size int64) {
		r := parseRange(field)
		if r == nil || size < 0 {
			return
		}
		offset, length, err := r.Resolve(size)
		text, told := contentRange(*r, size)
		assert.Equal(t, err, told)
		if err != nil {
			assert.Regexp(t, `^bytes \*/\d+$`, text)
			return
		}
		assert.Regexp(t, `^bytes \d+-\d+/\d+$`, text)
		assert.GreaterOrEqual(t, offset, int64(0))
		assert.Positive(t, length)
		assert.LessOrEqual(t, offset+length, size)
	})
}
