package bus_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus"
)

func TestHeaderReads(t *testing.T) {
	h := bus.Header{{"Accept", "a"}, {"Link", "1"}, {"accept", ""}, {"LINK", "2"}, {"Empty", ""}}
	assert.Equal(t, "a", h.Get("ACCEPT"))
	assert.Equal(t, "1", h.Get("link"))
	assert.Empty(t, h.Get("None"))
	assert.True(t, h.Has("empty"))
	assert.False(t, h.Has("Emptyy"))
	assert.Equal(t, []string{"a", ""}, slices.Collect(h.Values("accept")))
	for value := range h.Values("link") {
		assert.Equal(t, "1", value)
		break
	}
	var fields bus.Header
	for name, value := range h.All() {
		fields.Add(name, value)
	}
	assert.Equal(t, h, fields)
	assert.Len(t, maps.Collect(h.All()), 5)
	for range h.All() {
		break
	}
}

func TestHeaderOfNothing(t *testing.T) {
	var h bus.Header
	assert.Empty(t, h.Get("A"))
	assert.Nil(t, slices.Collect(h.Values("A")))
	h.Del("A")
	h.Set("A", "1")
	assert.Equal(t, bus.Header{{"A", "1"}}, h)
}

func TestHeaderSetAndDel(t *testing.T) {
	fields := func() bus.Header { return bus.Header{{"A", "1"}, {"b", "2"}, {"C", "3"}, {"B", "4"}, {"D", "5"}} }
	tests := []struct {
		name   string
		change func(h *bus.Header)
		want   bus.Header
	}{
		{"set keeps the first place", func(h *bus.Header) { h.Set("B", "x") }, bus.Header{{"A", "1"}, {"b", "x"}, {"C", "3"}, {"D", "5"}}},
		{"set of the last", func(h *bus.Header) { h.Set("d", "x") }, bus.Header{{"A", "1"}, {"b", "2"}, {"C", "3"}, {"B", "4"}, {"D", "x"}}},
		{"set of a new one", func(h *bus.Header) { h.Set("E", "x") }, append(fields(), bus.Field{Name: "E", Value: "x"})},
		{"add", func(h *bus.Header) { h.Add("A", "x") }, append(fields(), bus.Field{Name: "A", Value: "x"})},
		{"del", func(h *bus.Header) { h.Del("B") }, bus.Header{{"A", "1"}, {"C", "3"}, {"D", "5"}}},
		{"del of none", func(h *bus.Header) { h.Del("E") }, fields()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := fields()
			test.change(&h)
			assert.Equal(t, test.want, h)
		})
	}
}

func TestHeaderList(t *testing.T) {
	h := bus.Header{{"Accept", "a, b"}, {"X", "x"}, {"accept", ""}, {"ACCEPT", "c"}}
	assert.Equal(t, "a, b, , c", h.List("Accept"))
	assert.Equal(t, "x", h.List("x"))
	assert.Empty(t, h.List("Y"))
}
