package documents_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// q writes a query as a client does.
func q(path string, pairs ...string) string {
	mark := "?"
	for i := 0; i < len(pairs); i += 2 {
		path += mark + pairs[i] + "=" + url.QueryEscape(pairs[i+1])
		mark = "&"
	}
	return path
}

func (c *client) people() {
	c.put("/ann", ` {"name":"Ann","age":41, "address":{"city":"Bonn"}} `)
	c.put("/bert", `{"name":"Bert","age":30}`)
	c.put("/carl", `{"name":"Carl","age":1.0e2}`)
	c.put("/dora", `{"name":"Dora"}`)
	c.put("/club/anja", `{"name":"Anja","age":30}`)
	c.put("/.hidden", `{"name":"Ada","age":99}`)
}

func TestSearches(t *testing.T) {
	ann, bert, carl, dora := `{"name":"Ann","age":41, "address":{"city":"Bonn"}}`, `{"name":"Bert","age":30}`, `{"name":"Carl","age":1.0e2}`, `{"name":"Dora"}`
	anja, ada := `{"name":"Anja","age":30}`, `{"name":"Ada","age":99}`
	list := func(docs ...string) string { return "[" + strings.Join(docs, ",") + "]" }
	rows := []struct {
		query []string
		want  string
	}{
		{[]string{"$filter", "age gt 30"}, list(ann, carl)},
		{[]string{"$filter", "age gt 30 and startswith(name,'A')"}, list(ann)},
		{[]string{"$filter", "age eq null"}, list(dora)},
		{[]string{"$filter", "address/city eq 'Bonn'", "$select", "address/city,name"}, `[{"name":"Ann","address":{"city":"Bonn"}}]`},
		{[]string{"$filter", "age gt 1000"}, `[]`},
		{[]string{"$filter", "age ge 30", "$list", "recursive"}, list(ann, bert, carl, anja)},
		{[]string{"$filter", "age ge 30", "$list", "all"}, list(ada, ann, bert, carl)},
		{[]string{"$filter", "age ge 30", "$list", "items"}, `{"ann.json":` + ann + `,"bert.json":` + bert + `,"carl.json":` + carl + `}`},
		{[]string{"$orderby", "age desc", "$list", "items,recursive", "$top", "4", "$skip", "2"},
			`{"bert.json":` + bert + `,"club/anja.json":` + anja + `,"dora.json":` + dora + `}`},
		{[]string{"$orderby", "age"}, list(dora, bert, ann, carl)},
		{[]string{"$orderby", "age desc"}, list(carl, ann, bert, dora)},
		{[]string{"$orderby", "length(name), name desc"}, list(ann, dora, carl, bert)},
		{[]string{"$select", "name"}, `[{"name":"Ann"},{"name":"Bert"},{"name":"Carl"},{"name":"Dora"}]`},
		{[]string{"$top", "2"}, list(ann, bert)},
		{[]string{"$top", "0"}, `[]`},
		{[]string{"$top", "1", "$skip", "1", "$filter", "age gt 30"}, list(carl)},
		{[]string{"$skip", "1", "$orderby", "name desc", "$top", "1"}, list(carl)},
		{[]string{"$count", "true", "$top", "0"}, `{"count":4,"value":[]}`},
		{[]string{"$count", "true", "$top", "1", "$skip", "2"}, `{"count":4,"value":` + list(carl) + `}`},
		{[]string{"$count", "true", "$skip", "9"}, `{"count":4,"value":[]}`},
		{[]string{"$count", "true", "$filter", "age ge 41", "$list", "items", "$top", "1"}, `{"count":2,"value":{"ann.json":` + ann + `}}`},
		{[]string{"$count", "false", "$filter", "age gt 41"}, list(carl)},
		{[]string{"$filter", "age gt 0", "$after", "ann.json"}, list(bert, carl)},
	}
	onEachStore(t, true, func(t *testing.T, c *client) {
		c.people()
		for _, row := range rows {
			a := c.get(q("/", row.query...))
			require.Equal(t, 200, a.status, "%s: %v", row.query, a.err)
			assert.Equal(t, row.want, a.body, row.query)
			assert.Equal(t, "application/json", a.mime)
			assert.False(t, a.header.Has("ETag"))
		}
		assert.Equal(t, 200, c.get(q("/", "$top", "1"), "If-None-Match", "*").status)
		assert.Equal(t, 404, c.get(q("/nowhere/", "$filter", "age gt 1")).status)
		assert.Equal(t, 404, c.get(q("/nowhere/", "$count", "true")).status)
	})
}

func TestSearchesThatAreNotPossible(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	for _, row := range [][]string{
		{"$filter=age", "", "200"},
		{"$filter=age%20gt", "$filter, byte 6: a member or a value is missing"},
		{"$orderby=age%20up", "$orderby, byte 4"},
		{"$select=", "$select, byte 0"},
		{"$top=-1", "$top is \"-1\": write a number from 0 to 10000"},
		{"$top=10001", "from 0 to 10000"},
		{"$count=yes", `$count is "yes": write true, or false`},
		{"$filter=a&$filter=b", `"$filter" is there twice`},
		{"$filter=a&$take=1", "$take is for names: write $top"},
		{"$filter=a&$list=details", "details, summary and zip are not for what is found"},
		{"$filter=a&$list=zip", "details, summary and zip are not for what is found"},
		{"$orderby=a&$after=x.json", "$after can't be together with $orderby and $count: use $skip"},
		{"$search=a", `"$search" is not supported here: use $list, $take, $skip, $after, $filter, $orderby, $select, $top, $count`},
	} {
		a := c.get("/?" + row[0])
		if len(row) == 3 {
			assert.Equal(t, 200, a.status)
		} else if assert.Equal(t, 400, a.status, row[0]) {
			assert.Contains(t, a.err.Detail, row[1], row[0])
		}
	}
	files := newClient(t, memstore.New(), false)
	assert.Contains(t, files.get("/?$filter=a").err.Detail, `"$filter" is not supported here: use $list, $take, $skip, $after`)
	c.put("/x", "{}")
	assert.Equal(t, 400, c.get("/x?$filter=a").status, "a document is not searched")
}

func TestSearchesFindWhatMayBeRead(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	c.people()
	c.put("/huge", `"`+strings.Repeat("x", maxBody-2)+`"`)
	_, err := c.keep.Put(t.Context(), adaptors.Key{"large.json"}, bus.NewBody(make([]byte, maxBody+1), ""), adaptors.Condition{})
	require.NoError(t, err)
	assert.Equal(t, 413, c.get(q("/", "$filter", "age gt 0")).status)
	c.sees = func(path []string) bool {
		return path[0] != "carl.json" && path[0] != "large.json" && path[0] != "club"
	}
	assert.Equal(t, `[{"name":"Ann"},{"name":"Bert"}]`, c.get(q("/", "$filter", "age gt 0", "$select", "name", "$list", "recursive")).body)
	assert.Equal(t, `{"count":4,"value":[]}`, c.get(q("/", "$count", "true", "$top", "0", "$list", "recursive")).body)
	assert.Equal(t, `{"count":2,"value":[{"age":30}]}`, c.get(q("/", "$count", "true", "$filter", "age gt 0", "$skip", "1", "$select", "age")).body)
}

func TestWhatIsNoJSONIsNotFound(t *testing.T) {
	c := newClient(t, &odd{Store: memstore.New()}, true)
	c.put("/a", `{"a":1}`)
	_, err := c.keep.Put(t.Context(), adaptors.Key{"bad.json"}, bus.NewBody([]byte(`{"a":1`), ""), adaptors.Condition{})
	require.NoError(t, err)
	for _, query := range [][]string{{"$filter", "a eq 1"}, {"$select", "a"}, {"$orderby", "a"}, {"$top", "9"}} {
		assert.Equal(t, `[{"a":1}]`, c.get(q("/", query...)).body, "%s: nor what is deleted meanwhile", query)
	}
}

// found follows the links from a search, and returns what is on all pages.
func (c *client) found(t require.TestingT, path string) []string {
	all := []string{}
	for n := 0; path != ""; n++ {
		require.Less(t, n, 100)
		a := c.get(path)
		require.Equal(t, 200, a.status, "%s: %v", path, a.err)
		var page []json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(a.body), &page))
		for _, doc := range page {
			all = append(all, string(doc))
		}
		path = ""
		if link := a.header.Get("Link"); link != "" {
			require.Regexp(t, next, link)
			path = strings.TrimPrefix(next.FindStringSubmatch(link)[1], "/base")
		}
	}
	return all
}

// TestPagesOfSearchesAreTheWhole draws documents and searches: all pages
// together are what sorting all that is found gives.
func TestPagesOfSearchesAreTheWhole(t *testing.T) {
	type doc struct{ N, G int }
	rapid.Check(t, func(r *rapid.T) {
		c := newClient(t, memstore.New(), true)
		var want []doc
		least := rapid.IntRange(0, 5).Draw(r, "least")
		for i := range rapid.IntRange(0, 12).Draw(r, "documents") {
			d := doc{i, rapid.IntRange(0, 5).Draw(r, "g")}
			c.put(fmt.Sprintf("/%02d+&'", d.N), fmt.Sprintf(`{"N":%d,"G":%d}`, d.N, d.G))
			if d.G >= least {
				want = append(want, d)
			}
		}
		query := []string{"$filter", fmt.Sprintf("G ge %d and G ne '+ä&'", least), "$top", fmt.Sprint(rapid.IntRange(1, 4).Draw(r, "top"))}
		skip := rapid.IntRange(0, 5).Draw(r, "skip")
		query = append(query, "$skip", fmt.Sprint(skip))
		if sign := rapid.SampledFrom([]int{0, 1, -1}).Draw(r, "order"); sign != 0 {
			query = append(query, "$orderby", map[int]string{1: "G", -1: "G desc"}[sign])
			slices.SortStableFunc(want, func(a, b doc) int { return sign * cmp.Compare(a.G, b.G) })
		}
		texts := []string{}
		for _, d := range want[min(skip, len(want)):] {
			texts = append(texts, fmt.Sprintf(`{"N":%d,"G":%d}`, d.N, d.G))
		}
		assert.Equal(r, texts, c.found(r, q("/", query...)))
	})
}

func TestPagesOfWhatIsFoundAreBounded(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	for i := range 9 {
		c.put(fmt.Sprintf("/n%d", i), fmt.Sprintf(`{"n":%d,"x":"%s"}`, i, strings.Repeat("x", maxBody-20)))
	}
	for _, query := range [][]string{{"$filter", "n ge 0"}, {"$orderby", "n"}} {
		a := c.get(q("/", query...))
		assert.LessOrEqual(t, len(a.body), 4*maxBody+2)
		all := c.found(t, q("/", query...))
		require.Len(t, all, 9)
		for i, doc := range all {
			assert.True(t, strings.HasPrefix(doc, fmt.Sprintf(`{"n":%d,`, i)), query)
		}
	}
}

func TestSearchesLookAtSoManyDocuments(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	for i := range 10_001 {
		c.put(fmt.Sprintf("/n%05d", i), fmt.Sprintf(`{"n":%d}`, i))
	}
	a := c.get(q("/", "$filter", "n ge 9999", "$skip", "1"))
	assert.Equal(t, "[]", a.body, "10,000 were looked at")
	assert.Equal(t, `</base/?$filter=n%20ge%209999&$after=n09999.json>; rel="next"`, a.header.Get("Link"))
	assert.Equal(t, []string{`{"n":10000}`}, c.found(t, q("/", "$filter", "n ge 9999", "$skip", "1")))
	a = c.get(q("/", "$filter", "n ge 9999", "$skip", "2"))
	assert.Contains(t, a.header.Get("Link"), `&$skip=1>`, "what is to be skipped yet")

	a = c.get(q("/", "$filter", "n ge 9999", "$orderby", "n desc", "$count", "true", "$top", "5", "$skip", "0"))
	assert.Equal(t, 400, a.status)
	assert.Contains(t, a.err.Detail, "there are more than 10000")
	assert.Equal(t, `</base/?$filter=n%20ge%209999&$top=5>; rel="next"`, a.header.Get("Link"))
	a = c.get(q("/", "$count", "true", "$orderby", "n"))
	assert.Equal(t, `</base/?$top=10000>; rel="next"`, a.err.Header.Get("Link"), "it stays a search")

	c.sees = func(path []string) bool { return path[0] != "n00007.json" }
	a = c.get(q("/", "$orderby", "n desc", "$top", "1"))
	assert.Equal(t, `[{"n":10000}]`, a.body, "what may not be read does not count")
	a = c.get(q("/", "$count", "true", "$top", "0"))
	assert.Equal(t, `{"count":10000,"value":[]}`, a.body)
}

func TestWhatToOrderByIsBounded(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	for i := range 300 {
		c.put(fmt.Sprintf("/n%03d", i), fmt.Sprintf(`{"n":%d,"x":"%s"}`, i, strings.Repeat("x", 60_000)))
	}
	a := c.get(q("/", "$orderby", "x"))
	assert.Equal(t, 413, a.status)
	assert.Contains(t, a.err.Detail, "is more than 16 MiB: ask for fewer with $top")
	assert.Equal(t, 200, c.get(q("/", "$orderby", "n desc,x", "$top", "100")).status, "what others have displaced is not held")
}

// TestWhatIsChangedMeanwhile has a document change between its place in the
// order and its place on the page.
func TestWhatIsChangedMeanwhile(t *testing.T) {
	store := &changing{Store: memstore.New(), gets: 3}
	c := newClient(t, store, true)
	c.put("/a", `{"n":1}`)
	c.put("/b", `{"n":2}`)
	store.change = func() { c.put("/a", `{"n":7}`) }
	assert.Equal(t, `[{"n":2}]`, c.get(q("/", "$filter", "n lt 5", "$orderby", "n")).body)
}

// changing is a store that calls change before one of its Gets.
type changing struct {
	adaptors.Store
	gets   int
	change func()
}

func (s *changing) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if s.change != nil {
		if s.gets--; s.gets == 0 {
			s.change()
		}
	}
	return s.Store.Get(ctx, key, o)
}
