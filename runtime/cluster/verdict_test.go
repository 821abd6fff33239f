package cluster

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestVerdicts tells stories of one document.
func TestVerdicts(t *testing.T) {
	// put is a write of a value that began and was answered at these times.
	put := func(value string, begun, ended time.Duration) *write {
		return &write{value: value, begun: begun, seen: ended, answered: ended != never}
	}
	replace := func(old, value string, begun, ended time.Duration) *write {
		w := put(value, begun, ended)
		w.conditional, w.replaces = true, old
		return w
	}
	got := func(value string, begun, ended time.Duration) read { return read{value, begun, ended, "a"} }
	for what, story := range map[string]struct {
		writes []*write
		reads  []read
		says   string // "" is that nothing is wrong
	}{
		"what was written is read":        {[]*write{put("1", 1, 2)}, []read{got("1", 3, 4)}, ""},
		"nothing was written":             {nil, []read{got("", 3, 4)}, ""},
		"nobody wrote it":                 {[]*write{put("1", 1, 2)}, []read{got("2", 3, 4)}, `reads "2", which nobody has written`},
		"it is read before it is written": {[]*write{put("1", 5, 6)}, []read{got("1", 3, 4)}, `reads "1", which nobody has written`},
		"a write is lost":                 {[]*write{put("1", 1, 2)}, []read{got("", 3, 4)}, `reads "" after "1" was there`},
		"the older one is there":          {[]*write{put("1", 1, 2), put("2", 3, 4)}, []read{got("1", 5, 6)}, `reads "1" after "2" was there`},
		"a read beside the write":         {[]*write{put("1", 1, 2), put("2", 3, 6)}, []read{got("1", 5, 7)}, ""},
		"either of two at a time":         {[]*write{put("1", 1, 4), put("2", 2, 3)}, []read{got("1", 5, 6)}, ""},
		"an unknown one is there":         {[]*write{put("1", 1, 2), put("2", 3, never)}, []read{got("2", 5, 6)}, ""},
		"an unknown one is not there":     {[]*write{put("1", 1, 2), put("2", 3, never)}, []read{got("1", 5, 6)}, ""},
		"an unknown one comes late":       {[]*write{put("1", 1, never), put("2", 3, 4)}, []read{got("2", 5, 6), got("1", 7, 8)}, ""},
		"an unknown one goes again": {[]*write{put("1", 1, 2), put("2", 3, never)},
			[]read{got("2", 5, 6), got("1", 7, 8)}, `reads "1" after "2" was there`},
		"two replace one": {[]*write{put("1", 1, 2), replace("1", "2", 3, 4), replace("1", "3", 5, 6)}, nil, `"1" was replaced by`},
		"one of them may": {[]*write{put("1", 1, 2), replace("1", "2", 3, 4), replace("1", "3", 5, never)}, nil, ""},
	} {
		t.Run(what, func(t *testing.T) {
			r := &register{writes: make(map[string]*write), reads: story.reads}
			for _, w := range story.writes {
				r.writes[w.value] = w
			}
			faults := strings.Join(r.faults(), "\n")
			if story.says == "" {
				assert.Empty(t, faults)
			} else {
				assert.Contains(t, faults, story.says)
			}
		})
	}
}
