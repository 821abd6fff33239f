package openapi_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/openapi"
	servicelist "github.com/seed90475182/restspace/services/all"
	"github.com/seed90475182/restspace/urlpattern"
)

// everything mounts what has something to describe, so that each call finds what
// it asks for.
const everything = `{
  "auth": {"userUrlPattern": "/user/${email}"},
  "services": [
	{"name": "site", "basePath": "/", "service": "static", "adaptor": "file", "adaptorConfig": {"root": "site"}, "readRoles": "all"},
	{"name": "notes", "basePath": "/notes", "service": "json", "adaptor": "memory", "readRoles": "all", "writeRoles": "all", "manageRoles": "A"},
	{"name": "one", "basePath": "/one.", "service": "json", "adaptor": "memory", "readRoles": "all", "writeRoles": "all", "manageRoles": "A"},
	{"name": "files", "basePath": "/a%2Fb/{x}", "service": "file", "adaptor": "memory", "readRoles": "all", "writeRoles": "all", "manageRoles": "A"},
	{"name": "pages", "basePath": "/pages", "service": "template", "adaptor": "memory", "readRoles": "all", "writeRoles": "all", "manageRoles": "A"},
	{"name": "user", "basePath": "/user", "service": "user", "adaptor": "memory", "readRoles": "A {email}", "writeRoles": "A", "createRoles": "all", "manageRoles": "A"},
	{"name": "auth", "basePath": "/auth", "service": "auth", "readRoles": "all", "writeRoles": "all", "impersonateRoles": "A",
	 "emailSendUrlPattern": "/mail/to/${email}", "resetUrl": "https://example.org/reset"},
	{"name": "lib", "basePath": "/lib", "service": "lib", "readRoles": "all"},
	{"name": "steps", "basePath": "/steps", "service": "pipeline", "get": true, "readRoles": "all", "writeRoles": "all", "pipeline": ["$METHOD /notes/$>0?by=$>1:(nobody)", "/lib/set-status/200"]},
	{"name": "stored", "basePath": "/stored", "service": "pipeline", "adaptor": "memory", "readRoles": "all", "writeRoles": "all", "manageRoles": "A"},
	{"name": "other", "basePath": "/other", "service": "transform", "transform": {"a": "b"}, "readRoles": "all"},
	{"name": "mail", "basePath": "/mail", "service": "email", "readRoles": "none", "writeRoles": "all", "from": "a@example.com", "templates": "/pages", "adaptorConfig": {"host": "127.0.0.1", "port": 1}},
	{"name": "clock", "basePath": "/clock", "service": "timer", "every": "1h", "call": "POST /other", "readRoles": "all", "writeRoles": "all"},
	{"name": "far", "basePath": "/far", "service": "proxy", "url": "UPSTREAM", "readRoles": "all", "writeRoles": "all"}
  ] }`

// called is an operation that is to be called.
type called struct {
	method, path string
	*openapi3.Operation
}

// inOrder returns the operations of a document so that what is read is there, and
// what is deleted is not needed any more.
func inOrder(doc *openapi3.T) []called {
	var list []called
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			list = append(list, called{method, path, o})
		}
	}
	methods := []string{http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodGet, http.MethodDelete}
	slices.SortFunc(list, func(a, b called) int {
		return cmp.Or(
			cmp.Compare(slices.Index(methods, a.method), slices.Index(methods, b.method)),
			cmp.Compare(len(b.path), len(a.path)), cmp.Compare(b.path, a.path))
	})
	return list
}

// url fills the path with arguments.
func (c *called) url(t *testing.T) urlpattern.URL {
	text := c.path
	for _, p := range c.Parameters {
		value := "document"
		switch p.Value.Name {
		case "status", "ms":
			value = "200"
		case "email", "recipients":
			value = "ann@example.com"
		case "arg0", "arg1":
			value = fmt.Sprintf("argument%d", len(c.Parameters))
		case "path":
			if strings.HasSuffix(c.path, "/") {
				value = "directory"
			}
		}
		text = strings.ReplaceAll(text, "{"+p.Value.Name+"}", value)
	}
	u, err := urlpattern.ParseURL(text)
	require.NoError(t, err)
	return u
}

// message is a call, with a body that does for all of its kind.
func (c *called) message(t *testing.T) *bus.Message {
	m := &bus.Message{Method: c.method, URL: c.url(t), User: &bus.User{Email: "boss@example.com", Roles: []string{"A"}}}
	for _, p := range c.Parameters {
		if p.Value.In == "header" && p.Value.Required {
			m.Header.Add(p.Value.Name, "manage")
		}
	}
	if c.RequestBody == nil {
		return m
	}
	body := map[string]string{
		"stored.define": `["/lib/bypass"]`,
		"user.create":   `{"email": "bert@example.com", "password": "ansible pinwheel"}`,
		"mail.mail":     `{"subject": "Hello", "text": "x"}`,
		"mail.send":     `{"subject": "Hello"}`,
	}[c.OperationID]
	if body == "" {
		body = `{"email": "ann@example.com", "password": "ansible pinwheel", "roles": "U"}`
	}
	mediaType := "application/json"
	if c.RequestBody.Value.Content["*/*"] != nil {
		mediaType = "text/plain"
	}
	m.Body = bus.NewBody([]byte(body), mediaType)
	return m
}

// TestWhatIsDescribedIsThere calls each operation of all that is mounted, and
// finds it.
func TestWhatIsDescribedIsThere(t *testing.T) {
	upstream := httptest.NewServer(bus.Handler(bustest.Echo()))
	defer upstream.Close()
	t.Chdir(t.TempDir())
	r := runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), LogTo: t.Output()})
	data := []byte(strings.Replace(everything, "UPSTREAM", upstream.URL, 1))
	require.NoError(t, r.Load(t.Context(), "services.json", data))
	defer func() { assert.NoError(t, r.Close(context.Background())) }()

	require.NoError(t, os.WriteFile("site/index.html", []byte("x"), 0o600))
	require.NoError(t, os.WriteFile("site/document", []byte("x"), 0o600))
	for _, path := range []string{"/a%2Fb/%7Bx%7D/directory/x", "/pages/directory/x"} { // directories that are to be listed
		url, err := urlpattern.ParseURL(path)
		require.NoError(t, err)
		root := bus.NewRoot(t.Context(), 0)
		reply, err := r.Serve(root, &bus.Message{Method: http.MethodPut, URL: url, Body: bus.NewBody([]byte("x"), "text/plain")})
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, reply.Status)
		root.End()
	}

	var text bytes.Buffer
	require.NoError(t, openapi.New(r.Config()).OpenAPI(&text, all))
	kinds := make(map[string]bool)
	for _, o := range inOrder(valid(t, text.Bytes())) {
		root := bus.NewRoot(t.Context(), 0)
		reply, err := r.Serve(root, o.message(t))
		require.NoError(t, err)
		data, _ := reply.Body.Bytes(1 << 20)
		what := fmt.Sprintf("%s: %s %s: %d %s", o.OperationID, o.method, o.url(t), reply.Status, data)
		assert.NotContains(t, []int{404, 405, 500}, reply.Status, what)
		assert.Equal(t, o.Tags[0], reply.Header.Get("X-Restspace-Service"), what)
		assert.NoError(t, reply.Close())
		root.End()
		kinds[o.Tags[0]] = true
	}
	assert.Len(t, kinds, len(r.Config().Services))
}
