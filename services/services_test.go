package services_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/all"
	"github.com/seed90475182/restspace/urlpattern"
)

func call(t *testing.T, s bus.Service, method, path string) (*bus.Message, error) {
	t.Helper()
	u, err := urlpattern.ParseURL(path)
	require.NoError(t, err)
	u.Base = 1
	return s.Serve(t.Context(), &bus.Message{Method: method, URL: u})
}

func TestRoutesMatchSegmentsNotText(t *testing.T) {
	var got services.Args
	var tail []string
	service, err := services.Routes{
		"POST /send/:template/:to": func(_ context.Context, _ *bus.Message, args services.Args) (*bus.Message, error) {
			got = args
			return bus.Reply(204, nil), nil
		},
		"GET /files/*path": func(_ context.Context, m *bus.Message, args services.Args) (*bus.Message, error) {
			got, tail = args, m.ServicePath()[1:]
			return bus.Reply(204, nil), nil
		},
	}.Service()
	require.NoError(t, err)

	_, err = call(t, service, "POST", "/email/send/a%2Fb/ann@example.com")
	require.NoError(t, err)
	assert.Equal(t, services.Args{"a/b", "ann@example.com"}, got)
	_, err = call(t, service, "GET", "/email/files/x/y%2Fz")
	require.NoError(t, err)
	assert.Empty(t, got)
	assert.Equal(t, []string{"x", "y/z"}, tail)

	_, err = call(t, service, "GET", "/email/send/a/b")
	assert.Equal(t, 405, bus.Classify(err).Status)
	assert.Equal(t, "OPTIONS, POST", bus.Classify(err).Header.Get("Allow"))
	_, err = call(t, service, "POST", "/email/send/a/b/c")
	assert.Equal(t, 404, bus.Classify(err).Status)
	assert.Equal(t, []string{"GET"}, service.Methods([]string{"files", "x"}, false))
	assert.Empty(t, service.Methods([]string{"nowhere"}, false))
}

func TestRoutesThatCanNotBe(t *testing.T) {
	route := func(context.Context, *bus.Message, services.Args) (*bus.Message, error) { return nil, nil }
	_, err := services.Routes{"GET /a/:x": route, "GET /a/b": route}.Service()
	assert.ErrorContains(t, err, "conflicts")
	_, err = services.Routes{"/a": route}.Service()
	assert.ErrorContains(t, err, `"/a" is not METHOD /pattern`)
}

func TestDefineFillsConfigAndNeeds(t *testing.T) {
	type config struct {
		Subject string `json:"subject"`
	}
	type needs struct {
		Store  *adaptors.Keep  `slot:"adaptor"`
		Engine adaptors.Engine `slot:"engine,gotemplate"`
	}
	var gotConfig config
	var gotNeeds needs
	kind := services.Define(services.Kind{Name: "x"}, func(_ context.Context, _ services.Env, c config, n needs) (bus.Service, error) {
		gotConfig, gotNeeds = c, n
		return nil, nil
	})
	assert.Equal(t, []services.Slot{
		{Key: "adaptor", Of: adaptors.StoreInterface},
		{Key: "engine", Of: adaptors.EngineInterface, Default: "gotemplate"},
	}, kind.Adaptors)
	keep := adaptors.NewKeep(nil, 0)
	var engine adaptors.Engine = struct{ adaptors.Engine }{}
	c := kind.Config().(*config)
	c.Subject = "hi"
	_, err := kind.New(t.Context(), services.Env{Config: c, Adaptors: map[string]any{"adaptor": keep, "engine": engine}})
	require.NoError(t, err)
	assert.Equal(t, "hi", gotConfig.Subject)
	assert.Same(t, keep, gotNeeds.Store)
	assert.Equal(t, engine, gotNeeds.Engine)
	assert.Panics(t, func() {
		services.Define(services.Kind{}, func(context.Context, services.Env, services.None, struct{ X int }) (bus.Service, error) {
			return nil, nil
		})
	})
}

func TestRegistry(t *testing.T) {
	r := services.NewRegistry(services.Kind{Name: "b"}, services.Kind{Name: "a"})
	assert.Equal(t, "a", r.Kinds()[0].Name)
	_, ok := r.Kind("c")
	assert.False(t, ok)
	assert.Panics(t, func() { services.NewRegistry(services.Kind{Name: "a"}, services.Kind{Name: "a"}) })
}

func TestEachBuiltInKindIsComplete(t *testing.T) {
	for _, kind := range all.Registry().Kinds() {
		assert.NotEmpty(t, kind.Doc, kind.Name)
		assert.NotEmpty(t, kind.Example, kind.Name)
	}
}
