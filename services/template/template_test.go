package template_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/gotemplate"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/template"
	"github.com/seed90475182/restspace/urlpattern"
)

// asked is a store that counts what of it is read.
type asked struct {
	adaptors.Store
	facts, bodies int
	noETags       bool
}

func (a *asked) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	if o.Meta {
		a.facts++
	} else {
		a.bodies++
	}
	body, info, err := a.Store.Get(ctx, key, o)
	if a.noETags {
		info.ETag = ""
	}
	return body, info, err
}

func newService(t testing.TB, store adaptors.Store, engine adaptors.Engine) bus.Service {
	t.Helper()
	service, err := template.Kind().New(t.Context(), services.Env{
		Name: "t", Config: template.Kind().Config(), Limits: services.Limits{Body: 1 << 16},
		Adaptors: map[string]any{"adaptor": adaptors.NewKeep(store, 0), "engine": engine},
	})
	require.NoError(t, err)
	return service
}

func serve(t testing.TB, s bus.Service, method, path, body string) (string, error) {
	t.Helper()
	u, err := urlpattern.ParseURL(path)
	require.NoError(t, err)
	m := &bus.Message{Method: method, URL: u}
	if body != "" {
		m.Body = bus.NewBody([]byte(body), "application/json")
	}
	reply, err := s.Serve(t.Context(), m)
	if err != nil {
		return "", err
	}
	data, err := reply.Body.Bytes(1 << 30)
	require.NoError(t, err)
	require.NoError(t, reply.Close())
	return string(data), nil
}

func put(t testing.TB, s bus.Service, path, source string) {
	t.Helper()
	_, err := serve(t, s, "PUT", path, source)
	require.NoError(t, err)
}

func TestSourcesAreReadWhereTheyHaveChanged(t *testing.T) {
	store := &asked{Store: memstore.New()}
	s := bustest.Frozen(t, newService(t, store, gotemplate.New()))
	put(t, s, "/page", `{{template "part.html" .}}!`)
	put(t, s, "/part", `{{.a}}`)
	fill := func(want string, facts, bodies int) {
		t.Helper()
		store.facts, store.bodies = 0, 0
		got, err := serve(t, s, "POST", "/page", `{"a": 1}`)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.Equal(t, [2]int{facts, bodies}, [2]int{store.facts, store.bodies}, "facts and bodies that were read")
	}
	fill("1!", 0, 2)
	fill("1!", 2, 0)
	put(t, s, "/part", `<{{.a}}>`)
	fill("&lt;1>!", 3, 1) // it is asked for again to be compiled
	fill("&lt;1>!", 2, 0)
	store.noETags = true
	fill("&lt;1>!", 2, 2)
}

func TestPagesAreBounded(t *testing.T) {
	s := newService(t, memstore.New(), gotemplate.New())
	put(t, s, "/x.txt", `{{range 500000}}0123456789abcdef`+"\n"+`{{end}}`)
	_, err := serve(t, s, "POST", "/x.txt", "")
	assert.ErrorContains(t, err, "larger than 8388608 bytes")
	assert.Equal(t, 422, bus.Classify(err).Status)

	put(t, s, "/y.csv", `{{range 500000}}0123456789abcde`+"\n"+`{{end}}`)
	page, err := serve(t, s, "POST", "/y.csv", "")
	require.NoError(t, err)
	assert.Len(t, page, 8_000_000)

	_, err = serve(t, s, "PUT", "/large.txt", strings.Repeat("x", 1<<16+1))
	assert.Equal(t, 413, bus.Classify(err).Status)
}

// letters is an engine that has nothing to say of a template beforehand.
type letters struct{ err error }

func (l letters) Render(ctx context.Context, w io.Writer, t adaptors.Template, data []byte) error {
	part, err := t.Partial(ctx, "b%20c.x")
	if err != nil {
		return err
	}
	_, _ = w.Write(append(append(t.Source, data...), part...))
	return l.err
}

func TestAnyEngine(t *testing.T) {
	store := memstore.New()
	s := newService(t, store, letters{})
	put(t, s, "/a.x", "{{")
	_, err := serve(t, s, "POST", "/a.x", "[1]")
	assert.Equal(t, 404, bus.Classify(err).Status)
	put(t, s, "/b%20c.x", "part")
	got, err := serve(t, s, "POST", "/a.x", "[1]")
	require.NoError(t, err)
	assert.Equal(t, "{{[1]part", got)

	_, err = serve(t, newService(t, store, letters{errors.New("broken")}), "POST", "/a.x", "")
	assert.Equal(t, 500, bus.Classify(err).Status, "what is not the template's fault is told nobody")
}

func TestPartialsStayInTheStore(t *testing.T) {
	s := newService(t, memstore.New(), gotemplate.New())
	for _, name := range []string{"../x.html", "a/../../x.html", "%2e%2e/x.html", "a//x.html", "dir/x.html/", "http://x.example/y.html", strings.Repeat("x", 300) + ".html"} {
		put(t, s, "/page", `{{template "`+name+`"}}`)
		_, err := serve(t, s, "POST", "/page", "")
		assert.ErrorContains(t, err, "there is no template", name)
		assert.Equal(t, 422, bus.Classify(err).Status, name)
	}
}

func BenchmarkFill(b *testing.B) {
	s := newService(b, memstore.New(), gotemplate.New())
	put(b, s, "/page", `<!doctype html><title>{{.title}}</title>{{template "head.html" .}}<ul>{{range .items}}<li>{{.name}}: {{.n}}</li>{{end}}</ul>`)
	put(b, s, "/head", `<h1 class="{{.class}}">{{.title}}</h1>`)
	data := []byte(`{"title": "Hello & good-bye", "class": "wide", "items": [{"name": "a", "n": 1}, {"name": "b", "n": 2.5}, {"name": "c", "n": 3}]}`)
	for name, ask := range map[string]func() *bus.Message{
		"fill": func() *bus.Message {
			return &bus.Message{Method: "POST", URL: urlpattern.URL{Path: []string{"page.html"}}, Body: bus.NewBody(data, "application/json")}
		},
		"get": func() *bus.Message {
			return &bus.Message{Method: "GET", URL: urlpattern.URL{Path: []string{"page.html"}}}
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				reply, err := s.Serve(b.Context(), ask())
				if err != nil {
					b.Fatal(err)
				}
				_ = reply.Close()
			}
		})
	}
}
