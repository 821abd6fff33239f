package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/lib"
	"github.com/seed90475182/restspace/services/pipeline"
	"github.com/seed90475182/restspace/urlpattern"
)

// mock is what a path of the mock service answers.
type mock struct {
	Status  int
	Text    *string
	JSON    json.RawMessage
	NoBody  bool
	DelayMS int
}

func (k mock) answer(ctx context.Context) (*bus.Message, error) {
	select {
	case <-time.After(time.Duration(k.DelayMS) * time.Millisecond):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	reply := bus.Reply(200, nil)
	if k.Status != 0 {
		reply.Status = k.Status
	}
	switch {
	case k.Text != nil:
		reply.Body = bus.NewBody([]byte(*k.Text), "text/plain")
	case k.JSON != nil:
		reply.Body = bus.NewBody(k.JSON, "application/json")
	}
	return reply, nil
}

// vector is a row of testdata/vectors.json.
type vector struct {
	Name    string
	Request struct {
		Method, URL          string
		Body                 json.RawMessage
		User                 map[string]any
		Headers              map[string]string
		BasePathElementCount int
		SubPathElementCount  int
		Stream               bool
	}
	Pipeline json.RawMessage
	Expected struct {
		Status int
		Text   *string
		JSON   json.RawMessage
	}
	Afterwards *struct {
		Request struct{ URL string }
		JSON    json.RawMessage
		Status  int
	}
}

type vectors struct {
	Mocks    map[string]mock
	Pipeline []vector
}

func load(t testing.TB) vectors {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var v vectors
	require.NoError(t, json.Unmarshal(data, &v))
	require.Len(t, v.Pipeline, 58)
	return v
}

// overruled are the rows that mean something else here, and what.
func overruled() map[string]string {
	const (
		unjoined = "several messages that nothing joins are an error, not the last of them"
		length   = "an object that was joined of a list has no length"
		errors   = "an error in a variable has the members status, title and detail"
		encoded  = "pathPattern encodes what it inserts, unless its second argument is true"
		spaces   = "a space in a path is written %20, so that what follows a URL is not taken for a part of it"
		facts    = "further facts about a user are strings"
	)
	return map[string]string{
		"split and PATCH a dataset (PATCH unsupported there)": unjoined,
		"unjoined parallel: last to finish wins":              unjoined,
		"concurrency 1 runs in order":                         unjoined,
		"quota-delay serialises":                              unjoined + "; and there is no quota-delay",
		"split/join list":                                     length,
		"nested split with dotted names":                      length,
		"expansion of whole urls, joined by index":            length,
		"variable scoped per parallel message":                length,
		"expand a variable list":                              length,
		"error into variable":                                 errors,
		"try + error into variable":                           errors,
		"condition on error variable":                         errors,
		"user in condition":                                   facts,
		"$_user and $_headers":                                facts,
		"space in url":                                        spaces,
		"pathPattern query in transform":                      encoded,
		"pathPattern segment in transform":                    encoded,
	}
}

func TestVectors(t *testing.T) {
	all := load(t)
	reasons, names := overruled(), make(map[string]bool)
	for _, row := range all.Pipeline {
		names[row.Name] = true
		if reasons[row.Name] != "" {
			continue
		}
		t.Run(row.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, all.Mocks)
			w.run(t, row)
		})
	}
	for name := range reasons {
		assert.True(t, names[name], "%q is overruled, but there is no such row", name)
	}
}

// world is a server with the services of the rows.
type world struct{ table *bus.Table }

func newWorld(t testing.TB, mocks map[string]mock) *world {
	t.Helper()
	library, err := lib.Kind().New(t.Context(), services.Env{Config: lib.Kind().Config(), Limits: services.Limits{Body: 1 << 20}, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	w := &world{}
	w.table, err = bus.NewTable(
		&bus.Mount{Name: "mock", Service: mocked(mocks)},
		&bus.Mount{Name: "lib", Base: []string{"lib"}, Service: library},
		&bus.Mount{Name: "auth", Base: []string{"auth"}, Service: bus.ServiceFunc(whoAmI)},
		&bus.Mount{Name: "ds", Base: []string{"data", "ds"}, Service: &dataset{documents: make(map[string]*bus.Body)}},
	)
	require.NoError(t, err)
	return w
}

func mocked(mocks map[string]mock) bus.Service {
	return bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		defer m.Close()
		k, ok := mocks["/"+strings.Join(m.ServicePath(), "/")]
		if !ok {
			text := "Not found"
			k = mock{Status: 404, Text: &text}
		}
		return k.answer(ctx)
	})
}

// whoAmI stands in for a service that reads the record of the user.
func whoAmI(_ context.Context, m *bus.Message) (*bus.Message, error) {
	_ = m.Close()
	record := fmt.Sprintf(`{"email":%q,"orgId":999,"password":"<hidden>"}`, m.User.Email)
	return bus.Reply(200, bus.NewBody([]byte(record), "application/json")), nil
}

// service makes the service of a pipeline.
func (w *world) service(t testing.TB, config string) (bus.Service, error) {
	t.Helper()
	return w.serviceOf(t, config, w.table, w.table)
}

// serviceOf is service, with what makes its calls, and those with the rights of
// the caller.
func (w *world) serviceOf(t testing.TB, config string, calls, asCaller bus.Service) (bus.Service, error) {
	t.Helper()
	c := pipeline.Kind().Config()
	require.NoError(t, json.Unmarshal([]byte(config), c))
	if err := c.(interface{ Check() error }).Check(); err != nil {
		return nil, err
	}
	_, err := c.(services.Linked).Link(func(services.Call) (services.Target, error) { return services.Target{GetReads: true}, nil })
	require.NoError(t, err)
	return pipeline.Kind().New(t.Context(), services.Env{Config: c, Bus: calls, AsCaller: asCaller,
		Limits: services.Limits{Body: 4 << 20, File: 4 << 20, FanOut: 1000, Parallel: 16}, Log: slog.New(slog.DiscardHandler)})
}

func (w *world) run(t *testing.T, row vector) {
	t.Helper()
	s, err := w.service(t, fmt.Sprintf(`{"pipeline": %s, "get": true}`, row.Pipeline))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	reply, err := s.Serve(ctx, row.message(t))
	if err != nil {
		reply = bus.Problem(err, "", "")
	}
	defer reply.Close()
	data, err := reply.Body.Bytes(1 << 20)
	require.NoError(t, err)
	if status := row.Expected.Status; status != 0 {
		assert.Equal(t, status, reply.Status)
	} else {
		assert.Equal(t, 200, reply.Status, "%s", data)
	}
	if row.Expected.Text != nil {
		assert.Equal(t, *row.Expected.Text, string(data))
	}
	if row.Expected.JSON != nil {
		assert.JSONEq(t, string(row.Expected.JSON), string(data))
	}
	if after := row.Afterwards; after != nil {
		w.sees(t, after.Request.URL, string(after.JSON))
	}
}

func (w *world) sees(t *testing.T, url, want string) {
	t.Helper()
	u, err := urlpattern.ParseURL(url)
	require.NoError(t, err)
	reply, err := w.table.Serve(t.Context(), &bus.Message{Method: "GET", URL: u})
	require.NoError(t, err)
	data, err := reply.Body.Bytes(1 << 20)
	require.NoError(t, err)
	assert.JSONEq(t, want, string(data))
}

// message returns the request of a row, as a mount would hand it on.
func (row vector) message(t *testing.T) *bus.Message {
	t.Helper()
	u, err := urlpattern.ParseURL(row.Request.URL)
	require.NoError(t, err)
	u.Base = row.Request.BasePathElementCount
	m := &bus.Message{Method: row.Request.Method, URL: u}
	var text string
	switch body := row.Request.Body; {
	case body == nil:
	case json.Unmarshal(body, &text) == nil:
		m.Body = bus.NewBody([]byte(text), "text/plain")
	case row.Request.Stream:
		m.Body = bus.NewStream(nopCloser{strings.NewReader(string(body))}, -1, "application/json")
	default:
		m.Body = bus.NewBody(body, "application/json")
	}
	for name, value := range row.Request.Headers {
		m.Header.Add(name, value)
	}
	if user := row.Request.User; user != nil {
		m.User = &bus.User{Email: fmt.Sprint(user["email"]), Roles: strings.Fields(fmt.Sprint(user["roles"])), Fields: make(map[string]string)}
		for name, value := range user {
			m.User.Fields[name] = fmt.Sprint(value)
		}
	}
	return m
}
