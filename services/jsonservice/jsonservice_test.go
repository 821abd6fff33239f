package jsonservice_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/jsonservice"
	"github.com/seed90475182/restspace/urlpattern"
)

func request(t *testing.T, method, path string) *bus.Message {
	u, err := urlpattern.ParseURL("/json" + path)
	require.NoError(t, err)
	u.Base = 1
	return &bus.Message{Method: method, URL: u}
}

func TestWhatNeedsManageRoles(t *testing.T) {
	kind := jsonservice.Kind()
	assert.True(t, kind.Documents)
	for _, row := range []struct {
		method, path string
		want         bool
	}{
		{"PUT", "/a/.schema.json", true},
		{"PUT", "/a/.schema", true},
		{"PATCH", "/.schema.json", true},
		{"DELETE", "/.schema", true},
		{"POST", "/%2Eschema.json", true},
		{"GET", "/a/.schema.json", false},
		{"PUT", "/a/schema.json", false},
		{"PUT", "/.schema.json/x", false},
		{"POST", "/a/", false},
		{"POST", "", false},
		{"DELETE", "/a/", false},
		{"DELETE", "/a/?$recursive=true", true},
		{"DELETE", "/a/?%24recursive", true},
		{"GET", "/a/?$recursive=true", false},
	} {
		assert.Equal(t, row.want, kind.Manages(request(t, row.method, row.path)), "%s %s", row.method, row.path)
	}
}

func TestWhatIsWrongWithAConfig(t *testing.T) {
	for text, want := range map[string]string{
		``:                              "",
		`true`:                          "",
		`{"type":"object"}`:             "",
		`{"properties":{"a":1}}`:        "/schema/properties/a: is of the type number: write boolean or object",
		`{"$ref":"http://127.0.0.1/x"}`: `/schema/$ref: "http://127.0.0.1/x" leads out of this schema, where nothing is read: put what it stands for into $defs`,
	} {
		config := jsonservice.Config{Schema: []byte(text)}
		if text == "" {
			config.Schema = nil
		}
		err := config.Check()
		if want == "" {
			assert.NoError(t, err, text)
			continue
		}
		pointed, ok := errors.AsType[interface {
			error
			Pointer() string
		}](err)
		require.True(t, ok, text)
		assert.Equal(t, want, pointed.Pointer()+": "+pointed.Error())
	}
}

func TestWhatIsWrongWithASummary(t *testing.T) {
	for member, want := range map[string]string{
		"name":           "",
		"address/city":   "",
		`"first name"/x`: "",
		"first name":     `/summary/1: byte 6: "name" can't stand here`,
		"":               "/summary/1: byte 0: a member or a value is missing",
	} {
		config := jsonservice.Config{Summary: []string{"email", member}}
		err := config.Check()
		if want == "" {
			assert.NoError(t, err, member)
			continue
		}
		pointed, ok := errors.AsType[interface {
			error
			Pointer() string
		}](err)
		require.True(t, ok, member)
		assert.Contains(t, pointed.Pointer()+": "+pointed.Error(), want)
	}
	empty := jsonservice.Config{Summary: []string{}}
	assert.EqualError(t, empty.Check(), `it names no member: write one, such as "name", or leave it out`)
}

func TestServiceHoldsItsLimit(t *testing.T) {
	kind := jsonservice.Kind()
	service, err := kind.New(t.Context(), services.Env{
		Config:   kind.Config(),
		Adaptors: map[string]any{"adaptor": adaptors.NewKeep(memstore.New(), 0)},
		Limits:   services.Limits{Body: 4, File: 100},
	})
	require.NoError(t, err)
	m := request(t, "PUT", "/x")
	m.Body = bus.NewBody([]byte(`[12]`), "application/json")
	reply, err := service.Serve(t.Context(), m)
	require.NoError(t, err)
	assert.Equal(t, 201, reply.Status)
	m = request(t, "PUT", "/x")
	m.Body = bus.NewBody([]byte(`[123]`), "application/json")
	_, err = service.Serve(t.Context(), m)
	assert.Equal(t, 413, bus.Classify(err).Status)
	m = request(t, "PUT", "/x")
	m.Body = bus.NewBody([]byte(`1`), "text/plain")
	_, err = service.Serve(t.Context(), m)
	assert.Equal(t, 415, bus.Classify(err).Status)
}
