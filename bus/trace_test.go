package bus_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	spanID  = "b7ad6b7169203331"
)

// The cases of the W3C Trace Context test suite for traceparent.
func TestParseTrace(t *testing.T) {
	tests := []struct {
		name, parent string
		ok           bool
	}{
		{"example", "00-" + traceID + "-" + spanID + "-01", true},
		{"not sampled", "00-" + traceID + "-" + spanID + "-00", true},
		{"all flags", "00-" + traceID + "-" + spanID + "-ff", true},
		{"a later version", "cc-" + traceID + "-" + spanID + "-01", true},
		{"a later version with more", "cc-" + traceID + "-" + spanID + "-01-what-the-future-will-be-like", true},
		{"a later version that ends in a dash", "cc-" + traceID + "-" + spanID + "-01-", true},
		{"a later version with more in the flags", "cc-" + traceID + "-" + spanID + "-01.what", false},
		{"version ff", "ff-" + traceID + "-" + spanID + "-01", false},
		{"version 00 with more", "00-" + traceID + "-" + spanID + "-01-what", false},
		{"version 00 that ends in a dash", "00-" + traceID + "-" + spanID + "-01-", false},
		{"version too short", "0-" + traceID + "-" + spanID + "-01", false},
		{"version too long", "000-" + traceID + "-" + spanID + "-01", false},
		{"version not hex", ".0-" + traceID + "-" + spanID + "-01", false},
		{"trace of zeros", "00-00000000000000000000000000000000-" + spanID + "-01", false},
		{"trace in capitals", "00-0AF7651916CD43DD8448EB211C80319C-" + spanID + "-01", false},
		{"trace not hex", "00-.af7651916cd43dd8448eb211c80319c-" + spanID + "-01", false},
		{"trace too long", "00-" + traceID + "0-" + spanID + "-01", false},
		{"trace too short", "00-" + traceID[1:] + "-" + spanID + "-01", false},
		{"span of zeros", "00-" + traceID + "-0000000000000000-01", false},
		{"span in capitals", "00-" + traceID + "-B7AD6B7169203331-01", false},
		{"span too long", "00-" + traceID + "-" + spanID + "0-01", false},
		{"span too short", "00-" + traceID + "-" + spanID[1:] + "-01", false},
		{"flags not hex", "00-" + traceID + "-" + spanID + "-.0", false},
		{"flags too short", "00-" + traceID + "-" + spanID + "-1", false},
		{"flags too long", "00-" + traceID + "-" + spanID + "-001", false},
		{"two in one", "00-" + traceID + "-" + spanID + "-01,00-" + traceID + "-" + spanID + "-01", false},
		{"nothing", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := bus.ParseTrace(test.parent, "rojo=1")
			assert.Equal(t, test.ok, ok)
			if !test.ok {
				assert.Equal(t, bus.Trace{}, got)
				assert.Empty(t, got.Parent())
				return
			}
			assert.Equal(t, bus.Trace{ID: traceID, Span: spanID, Flags: test.parent[53:55], State: "rojo=1"}, got)
		})
	}
}

func TestTraceParentPassesOnWhatItKnows(t *testing.T) {
	for flags, want := range map[string]string{"00": "00", "01": "01", "ff": "01", "02": "00", "0b": "01", "a0": "00", "0a": "00", "": "00"} {
		trace := bus.Trace{ID: traceID, Span: spanID, Flags: flags}
		assert.Equal(t, "00-"+traceID+"-"+spanID+"-"+want, trace.Parent(), flags)
	}
}

func FuzzParseTrace(f *testing.F) {
	f.Add("00-" + traceID + "-" + spanID + "-01")
	f.Add("cc-" + traceID + "-" + spanID + "-01-more")
	f.Fuzz(func(t *testing.T, parent string) {
		trace, ok := bus.ParseTrace(parent, "")
		if !ok {
			assert.Equal(t, bus.Trace{}, trace)
			return
		}
		again, ok := bus.ParseTrace(trace.Parent(), "")
		assert.True(t, ok, "what goes out can be read: %q", trace.Parent())
		assert.Equal(t, trace.ID, again.ID)
		assert.Equal(t, trace.Span, again.Span)
	})
}
