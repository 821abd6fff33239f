package documents

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

func TestParseConditions(t *testing.T) {
	date := time.Date(1994, 11, 6, 8, 49, 37, 0, time.UTC)
	rows := []struct {
		name   string
		header bus.Header
		want   conditions
	}{
		{"none", bus.Header{{Name: "Host", Value: "x"}, {Name: "Referer", Value: `"`}}, conditions{}},
		{"any", bus.Header{{Name: "if-match", Value: " * "}}, conditions{Condition: adaptors.Condition{Exists: true}}},
		{"absent", bus.Header{{Name: "If-None-Match", Value: "*"}}, conditions{Condition: adaptors.Condition{Absent: true}}},
		{"tags", bus.Header{{Name: "If-Match", Value: `"a", "b,c" ,, ""`}, {Name: "If-Match", Value: `"d"`}},
			conditions{Condition: adaptors.Condition{Match: []string{"a", "b,c", "", "d"}}}},
		{"a weak tag matches nothing", bus.Header{{Name: "If-Match", Value: `W/"a"`}},
			conditions{Condition: adaptors.Condition{Match: []string{}}}},
		{"weakly compared", bus.Header{{Name: "If-None-Match", Value: `W/"a", "b"`}},
			conditions{Condition: adaptors.Condition{NoneMatch: []string{"a", "b"}}}},
		{"dates", bus.Header{{Name: "If-Modified-Since", Value: "Sunday, 06-Nov-94 08:49:37 GMT"},
			{Name: "If-Unmodified-Since", Value: "Sun Nov  6 08:49:37 1994"}},
			conditions{modified: date, Condition: adaptors.Condition{Unmodified: date}}},
		{"no date", bus.Header{{Name: "If-Modified-Since", Value: "yesterday"}}, conditions{}},
		{"range", bus.Header{{Name: "Range", Value: "bytes=0-1"}, {Name: "If-Range", Value: `"a"`}},
			conditions{ranges: "bytes=0-1", ifRange: `"a"`}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c, err := parseConditions(row.header)
			require.NoError(t, err)
			c.modified = c.modified.UTC() // one form of the same time
			assert.Equal(t, row.want, c)
		})
	}
}

func TestConditionsThatCanNotBeRead(t *testing.T) {
	for _, field := range []bus.Field{
		{Name: "If-Match", Value: ""},
		{Name: "If-Match", Value: " , "},
		{Name: "If-Match", Value: "abc"},
		{Name: "If-Match", Value: `"abc`},
		{Name: "If-Match", Value: `"a" "b"`},
		{Name: "If-Match", Value: `"a b"`},
		{Name: "If-Match", Value: `w/"a"`},
		{Name: "If-Match", Value: `*, "a"`},
		{Name: "If-None-Match", Value: `"a", *`},
		{Name: "If-None-Match", Value: "\"a\x00\""},
		{Name: "If-Unmodified-Since", Value: "yesterday"},
	} {
		_, err := parseConditions(bus.Header{field})
		assert.Equal(t, http.StatusBadRequest, bus.Classify(err).Status, "%s: %s", field.Name, field.Value)
		assert.Contains(t, err.Error(), field.Name)
	}
	_, err := parseConditions(bus.Header{{Name: "If-Match", Value: "*"}, {Name: "If-Match", Value: `"a"`}})
	assert.Equal(t, http.StatusBadRequest, bus.Classify(err).Status)
}

// TestOrderOfConditions goes through RFC 9110 section 13.2.2 for a document of
// ETag "now" that was changed at noon.
func TestOrderOfConditions(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 700, time.UTC)
	info := &adaptors.Info{ETag: "now", ModTime: noon}
	at := func(d time.Duration) string { return noon.Add(d).Format(http.TimeFormat) }
	rows := []struct {
		name   string
		header []string
		status int
	}{
		{"If-Match", []string{"If-Match", `"now"`}, 0},
		{"If-Match of another", []string{"If-Match", `"old"`}, 412},
		{"If-Match goes before If-Unmodified-Since", []string{"If-Match", `"now"`, "If-Unmodified-Since", at(-time.Hour)}, 0},
		{"If-Unmodified-Since of the same second", []string{"If-Unmodified-Since", at(0)}, 0},
		{"If-Unmodified-Since before", []string{"If-Unmodified-Since", at(-time.Second)}, 412},
		{"If-None-Match", []string{"If-None-Match", `"old", W/"now"`}, 304},
		{"If-None-Match any", []string{"If-None-Match", `*`}, 304},
		{"If-None-Match of another", []string{"If-None-Match", `"old"`}, 0},
		{"If-None-Match goes before If-Modified-Since", []string{"If-None-Match", `"old"`, "If-Modified-Since", at(time.Hour)}, 0},
		{"If-Modified-Since of the same second", []string{"If-Modified-Since", at(0)}, 304},
		{"If-Modified-Since before", []string{"If-Modified-Since", at(-time.Second)}, 0},
		{"412 goes before 304", []string{"If-Match", `"old"`, "If-None-Match", `"now"`}, 412},
		{"both hold", []string{"If-Match", `"now"`, "If-None-Match", `"now"`}, 304},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var h bus.Header
			for i := 0; i < len(row.header); i += 2 {
				h.Add(row.header[i], row.header[i+1])
			}
			c, err := parseConditions(h)
			require.NoError(t, err)
			assert.Equal(t, row.status, c.forReading(info))
		})
	}
}

func TestParseRange(t *testing.T) {
	rows := []struct {
		field string
		want  *adaptors.Range
	}{
		{"bytes=0-4", &adaptors.Range{First: 0, Last: 4}},
		{"Bytes= 3-", &adaptors.Range{First: 3, Last: -1}},
		{"bytes=-5", &adaptors.Range{First: -1, Last: 5}},
		{"bytes=0-99999999999999999999", &adaptors.Range{First: 0, Last: 1<<63 - 1}},
		{"", nil},
		{"bytes", nil},
		{"lines=0-4", nil},
		{"bytes=4-3", nil},
		{"bytes=-", nil},
		{"bytes=+1-2", nil},
		{"bytes=0-1,3-4", nil},
		{"bytes=--1", nil},
	}
	for _, row := range rows {
		assert.Equal(t, row.want, parseRange(row.field), row.field)
	}
}

func TestIfRange(t *testing.T) {
	old := &adaptors.Info{ETag: "now", ModTime: time.Now().Add(-time.Hour)}
	fresh := &adaptors.Info{ETag: "now", ModTime: time.Now()}
	date := func(i *adaptors.Info) string { return i.ModTime.UTC().Format(http.TimeFormat) }
	assert.True(t, sameForRange("", old))
	assert.True(t, sameForRange(`"now"`, old))
	assert.False(t, sameForRange(`W/"now"`, old))
	assert.False(t, sameForRange(`"then"`, old))
	assert.False(t, sameForRange(`"now", "x"`, old))
	assert.True(t, sameForRange(date(old), old))
	assert.False(t, sameForRange(date(fresh), fresh), "it may change again within this second")
	assert.False(t, sameForRange("garbage", old))
}

func FuzzConditions(f *testing.F) {
	for _, seed := range []string{`*`, `"a", W/"b"`, `"`, `W/`, `,,"x",`, "\"\xff\""} {
		f.Add(seed, "bytes=0-")
	}
	f.Add(`"a"`, "bytes=-0")
	f.Fuzz(func(t *testing.T, tags, field string) {
		c, err := parseConditions(bus.Header{{Name: "If-Match", Value: tags}, {Name: "Range", Value: field}})
		if err != nil {
			assert.Equal(t, http.StatusBadRequest, bus.Classify(err).Status)
			return
		}
		assert.True(t, c.Exists != (c.Match != nil), "a condition that came is there")
		if r := parseRange(field); r != nil {
			offset, length, err := r.Resolve(10)
			assert.True(t, err != nil || offset >= 0 && length > 0 && offset+length <= 10, "%d %d", offset, length)
		}
	})
}
