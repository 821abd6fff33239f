package documents_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents"
)

// TestMergePatch begins with the table of RFC 7396 appendix A.
func TestMergePatch(t *testing.T) {
	rows := []struct{ document, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},

		{`{"z":1.10,"a":1e400,"m":9007199254740993}`, `{"m":-0}`, `{"z":1.10,"a":1e400,"m":-0}`},
		{` { "a" : { "x" : [ 1 , 2 ] } } `, `{"b":2}`, `{"a":{ "x" : [ 1 , 2 ] },"b":2}`},
		{`{"a":1}`, `{"\u0061":2}`, `{"a":2}`},
		{`{"a":1}`, `{"l":[null,{"x":null}]}`, `{"a":1,"l":[null,{"x":null}]}`},
		{`{"a":{"b":{"c":1,"d":2},"e":3}}`, `{"a":{"b":{"c":{"n":null,"k":1}},"f":4}}`, `{"a":{"b":{"c":{"k":1},"d":2},"e":3,"f":4}}`},
		{`{"a":1}`, `{}`, `{"a":1}`},
		{`1`, `{}`, `{}`},
		{`{"a":1,"":2}`, `{"":null}`, `{"a":1}`},
	}
	for _, row := range rows {
		got, err := documents.MergePatch([]byte(row.document), []byte(row.patch))
		require.NoError(t, err)
		assert.Equal(t, row.want, string(got), "%s with %s", row.document, row.patch)
	}
	for _, bad := range [][2]string{{`{`, `{}`}, {`{}`, `{`}, {`{"a":1,"a":2}`, `{"b":1}`}, {``, `1`}, {`1`, ``}} {
		_, err := documents.MergePatch([]byte(bad[0]), []byte(bad[1]))
		assert.Error(t, err, "%q", bad)
	}
}

// value draws any JSON value of a small alphabet.
func value(depth int) *rapid.Generator[any] {
	leaves := rapid.SampledFrom([]any{nil, true, 1.0, "s", []any{}, []any{nil}})
	if depth == 0 {
		return leaves
	}
	object := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "é\n"}), value(depth-1), 0, 4)
	return rapid.OneOf(leaves, rapid.Map(object, func(m map[string]any) any { return m }))
}

func text(t require.TestingT, v any) []byte {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

// merged is the pseudocode of RFC 7396 section 2.
func merged(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	result := map[string]any{}
	if object, ok := target.(map[string]any); ok {
		for name, v := range object {
			result[name] = v
		}
	}
	for name, v := range p {
		if v == nil {
			delete(result, name)
		} else {
			result[name] = merged(result[name], v)
		}
	}
	return result
}

func TestMergePatchLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		document, patch := value(3).Draw(t, "document"), value(3).Draw(t, "patch")
		once, err := documents.MergePatch(text(t, document), text(t, patch))
		require.NoError(t, err)
		require.NoError(t, documents.CheckJSON(once))
		assert.JSONEq(t, string(text(t, merged(document, patch))), string(once))
		twice, err := documents.MergePatch(once, text(t, patch))
		require.NoError(t, err)
		assert.Equal(t, string(once), string(twice), "a patch changes nothing the second time")
		assert.LessOrEqual(t, len(once), len(text(t, document))+len(text(t, patch)))
	})
}

func FuzzMerge(f *testing.F) {
	f.Add([]byte(`{"a":{"b":1}}`), []byte(`{"a":{"b":null,"c":[1.50]}}`))
	f.Add([]byte(`[1]`), []byte(`{"\u0061":{"x":null}}`))
	f.Fuzz(func(t *testing.T, document, patch []byte) {
		if documents.CheckJSON(document) != nil || documents.CheckJSON(patch) != nil {
			t.Skip()
		}
		got, err := documents.MergePatch(document, patch)
		require.NoError(t, err)
		require.NoError(t, documents.CheckJSON(got))
		assert.LessOrEqual(t, len(got), len(document)+len(patch))
	})
}

func TestPatch(t *testing.T) {
	patch := func(text, mediaType string) *bus.Body { return bus.NewBody([]byte(text), mediaType) }
	onEachStore(t, true, func(t *testing.T, c *client) {
		before := c.put("/x", `{"n":1.10,"o":{"a":1,"b":2}}`)
		for _, mediaType := range []string{"application/merge-patch+json", "application/json; charset=utf-8", ""} {
			a := c.do("PATCH", "/x", patch(`{"o":{"b":null}}`, mediaType))
			assert.Equal(t, []any{200, ""}, []any{a.status, a.body}, "%q: %v", mediaType, a.err)
			assert.NotEqual(t, before, a.header.Get("ETag"))
			assert.Equal(t, a.header.Get("ETag"), c.get("/x").header.Get("ETag"))
			assert.Equal(t, `{"n":1.10,"o":{"a":1}}`, c.get("/x").body)
		}
		for _, mediaType := range []string{"text/plain", "application/ld+json", "application/json-patch+json; charset=latin1", "application/xml-patch+xml", "application/json; charset=latin1"} {
			a := c.do("PATCH", "/x", patch(`[]`, mediaType))
			assert.Equal(t, 415, a.status, mediaType)
		}
		a := c.do("PATCH", "/x", patch(`[]`, "text/plain"))
		assert.Equal(t, "application/merge-patch+json, application/json-patch+json, application/json", a.header.Get("Accept-Patch"))
		for _, mediaType := range []string{"", "application/json"} { // a JSON patch that does not say so
			a := c.do("PATCH", "/x", patch(` [{"op":"remove","path":"/o"}]`, mediaType))
			assert.Equal(t, 400, a.status, mediaType)
			assert.ErrorContains(t, a.err, "application/json-patch+json")
			assert.Equal(t, `{"n":1.10,"o":{"a":1}}`, c.get("/x").body)
		}
		for _, value := range []string{"null", "5", `"x"`, "true"} {
			for _, mediaType := range []string{"application/merge-patch+json", "application/json"} {
				a := c.do("PATCH", "/x", patch(value, mediaType))
				assert.Equal(t, 400, a.status, value)
				assert.ErrorContains(t, a.err, "PUT the value if that is what you want")
				assert.Equal(t, `{"n":1.10,"o":{"a":1}}`, c.get("/x").body)
			}
		}
		c.put("/list", "[1]")
		assert.Equal(t, 200, c.do("PATCH", "/list", patch("5", "")).status, "what is no object")
		assert.Equal(t, 404, c.do("PATCH", "/nothing", patch(`{}`, "")).status)
		assert.Equal(t, 400, c.do("PATCH", "/x", patch(`{`, "")).status)
		assert.Equal(t, 400, c.do("PATCH", "/x", nil).status)
		assert.Equal(t, 400, c.do("PATCH", "/x?$path=a", patch(`{}`, "")).status)
		assert.Equal(t, 405, c.do("PATCH", "/", patch(`{}`, "")).status)

		half := fmt.Sprintf(`{%%q:"%s"}`, strings.Repeat("x", maxBody/2))
		assert.Equal(t, 200, c.do("PATCH", "/x", patch(fmt.Sprintf(half, "p"), "")).status)
		a = c.do("PATCH", "/x", patch(fmt.Sprintf(half, "q"), ""))
		assert.Equal(t, []any{413, bus.TypeBodyTooLarge}, []any{a.status, a.err.Type}, "the result is too large")
	})
}

func TestPatchOfWhatIsNoJSON(t *testing.T) {
	onEachStore(t, false, func(t *testing.T, files *client) {
		require.Equal(t, 201, files.do("PUT", "/x.json", stream("{oops", "")).status)
		c := &client{t: t, service: documents.New(documents.Config{Keep: files.keep, JSON: true, MaxBody: maxBody})}
		assert.Equal(t, 409, c.do("PATCH", "/x", jsonBody("{}")).status)
	})
}

func TestPatchesMeet(t *testing.T) {
	onEachStore(t, true, func(t *testing.T, c *client) {
		c.put("/x", `{}`)
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				for range 3 {
					a := c.do("PATCH", "/x", jsonBody(fmt.Sprintf(`{"k%d":1}`, i)))
					assert.Equal(t, 200, a.status, "%v", a.err)
				}
			})
		}
		all.Wait()
		assert.JSONEq(t, `{"k0":1,"k1":1,"k2":1,"k3":1,"k4":1,"k5":1}`, c.get("/x").body)
	})
}
