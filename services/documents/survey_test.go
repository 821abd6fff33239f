package documents_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents"
)

type report struct {
	Checked, Broken int
	Names           []string
	Complete        bool
}

func (c *client) report(a answer) (r report) {
	c.t.Helper()
	require.NoError(c.t, json.Unmarshal([]byte(a.body), &r), a.body)
	return r
}

func TestSurveyIsBounded(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	for i := range 10_000 {
		c.write(fmt.Sprintf("/%05d", i), `1`)
	}
	r := c.report(c.write("/.schema", `{"type":"string"}`))
	assert.Len(t, r.Names, 100)
	assert.Equal(t, "00000.json", r.Names[0])
	r.Names = nil
	assert.Equal(t, report{Checked: 10_000, Broken: 10_000, Complete: true}, r)
	assert.Equal(t, 200, c.write("/.schema?$validate=strict", `{"type":"number"}`).status)

	c.write("/x", `1`)
	r = c.report(c.write("/.schema", `{}`))
	assert.Equal(t, report{Checked: 10_000, Names: []string{}}, r, "one more than can be checked")
	a := c.write("/.schema?$validate=strict", `{}`)
	assert.Equal(t, 409, a.status)
	assert.Equal(t, "after 10000 documents there are more than can be checked at once, and the schema is not stored: leave $validate out", a.err.Detail)
}

func TestSurveyOfWhatIsNoDocument(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	for name, text := range map[string]string{"bad.json": `{`, "large.json": `"` + strings.Repeat("x", maxBody) + `"`, "notes.txt": `x`, ".hidden.json": `1`} {
		_, err := c.keep.Put(t.Context(), adaptors.Key{name}, bus.NewBody([]byte(text), ""), adaptors.Condition{})
		require.NoError(t, err)
	}
	assert.Equal(t, report{Checked: 3, Broken: 2, Names: []string{"bad.json", "large.json"}, Complete: true}, c.report(c.write("/.schema", `{}`)))
}

// failing is a store that can't read one document.
type failing struct{ adaptors.Store }

func (s failing) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if key[0] == "b.json" {
		return nil, adaptors.Info{}, errors.New("the disk is ill")
	}
	return s.Store.Get(ctx, key, o)
}

func TestSurveyThatFails(t *testing.T) {
	c := newClient(t, failing{memstore.New()}, true)
	c.write("/a", `1`)
	c.write("/b", `1`)
	a := c.write("/.schema", `{}`)
	assert.Equal(t, 201, a.status, "the schema is stored")
	assert.Equal(t, report{Checked: 1, Names: []string{}}, c.report(a))
	assert.Equal(t, 500, c.write("/.schema?$validate=strict", `{}`).status)
}

func TestSurveyOfWhatIsNotSeen(t *testing.T) {
	c := newClient(t, memstore.New(), true)
	for _, path := range []string{"/a", "/secret/b", "/own/c"} {
		c.write(path, `1`)
	}
	for name, sees := range map[string]func([]string) bool{
		"a directory": func(path []string) bool { return path[0] != "secret" },
		"a document":  func(path []string) bool { return path[len(path)-1] != "b.json" },
	} {
		c.sees = sees
		assert.Equal(t, report{Checked: 2, Names: []string{}}, c.report(c.write("/.schema", `{}`)), name)
		a := c.write("/.schema?$validate=strict", `{"type":"number"}`)
		assert.Equal(t, 409, a.status, name)
		assert.Equal(t, "there are documents that you may not read, and the schema is not stored: leave $validate out", a.err.Detail)
		a = c.write("/.schema?$validate=strict", `{"type":"string"}`)
		assert.Equal(t, "2 of 2 documents do not satisfy the schema, which is not stored: mend them, or leave $validate out", a.err.Detail, name)
	}
	assert.Equal(t, `{}`, c.get("/.schema").body)
	c.write("/secret/.schema", `{}`)
	c.sees = func(path []string) bool { return path[0] != "secret" }
	assert.Equal(t, report{Checked: 2, Names: []string{}, Complete: true}, c.report(c.write("/.schema?$validate=strict", `{}`)), "it does not govern them")
}

// tardy is a store that takes a second to look at a schema.
type tardy struct{ adaptors.Store }

func (s tardy) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if key[len(key)-1] == ".schema.json" {
		time.Sleep(time.Second)
	}
	return s.Store.Get(ctx, key, o)
}

func TestSurveyTakesLittleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New()
		c := newClient(t, tardy{store}, true)
		for i := range 10 {
			_, err := store.Put(t.Context(), adaptors.Key{fmt.Sprint(i), ".schema.json"}, jsonBody(`{}`), adaptors.Condition{})
			require.NoError(t, err)
		}
		assert.Equal(t, report{Names: []string{}}, c.report(c.write("/.schema", `{}`)))
		a := c.write("/.schema?$validate=strict", `{}`)
		assert.Equal(t, 409, a.status)
		assert.Contains(t, a.err.Detail, "after 0 documents there are more than can be checked at once")
	})
}

func TestSchemaOfTheConfiguration(t *testing.T) {
	text := []byte(`{"type":"object"}`)
	own, err := documents.ParseSchema(text, "/schema")
	require.NoError(t, err)
	c := newClient(t, memstore.New(), true)
	c.service = documents.New(documents.Config{Keep: c.keep, JSON: true, MaxBody: maxBody, Schema: own})
	assert.Equal(t, 400, c.write("/a/b", `1`).status)
	assert.Equal(t, 201, c.write("/a/b", `{}`).status)
	assert.Equal(t, string(text), c.get("/.schema").body)
	assert.Equal(t, 404, c.get("/a/.schema").status)
	require.Equal(t, 201, c.write("/.schema", `{"type":"number"}`).status)
	assert.Equal(t, `{"type":"number"}`, c.get("/.schema").body)
	assert.Equal(t, 200, c.write("/a/b", `1`).status, "a document comes before it")

	_, err = documents.ParseSchema([]byte(`{"minLength":-1,"type":7}`), "/schema")
	var pointers []string
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		pointers = append(pointers, e.(interface{ Pointer() string }).Pointer()+" "+e.Error())
	}
	require.Len(t, pointers, 2)
	assert.Equal(t, "/schema/minLength is too small: write at least 0", pointers[0])
	assert.Contains(t, pointers[1], "/schema/type fits none")
}
