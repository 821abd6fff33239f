package documents

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAppendDate(t *testing.T) {
	elsewhere := time.FixedZone("", -11*3600)
	for _, at := range []time.Time{
		{}, time.Unix(0, 0), time.Unix(1<<40, 0), time.Unix(-1<<40, 0),
		time.Date(2026, 11, 21, 8, 5, 3, 999, elsewhere), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		assert.Equal(t, at.UTC().Format(http.TimeFormat), string(appendDate(nil, at)))
	}
	for day := range 400 {
		at := time.Date(2024, 2, day, day%24, day%60, 59-day%60, 0, time.UTC)
		assert.Equal(t, at.Format(http.TimeFormat), string(appendDate(nil, at)))
	}
}
