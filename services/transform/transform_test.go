package transform_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/transform"
	"github.com/seed90475182/restspace/urlpattern"
)

func newService(t testing.TB, source string) bus.Service {
	t.Helper()
	kind := transform.Kind()
	config := kind.Config().(*transform.Config)
	config.Transform = []byte(source)
	require.NoError(t, config.Check())
	service, err := kind.New(t.Context(), services.Env{Name: "t", Config: config, Limits: services.Limits{Body: 1 << 10}})
	require.NoError(t, err)
	return bustest.Frozen(t, service)
}

func post(t testing.TB, s bus.Service, path, mediaType, body string) (*bus.Message, error) {
	t.Helper()
	u, err := urlpattern.ParseURL(path)
	require.NoError(t, err)
	return s.Serve(t.Context(), &bus.Message{Method: "POST", URL: u, Body: bus.NewBody([]byte(body), mediaType)})
}

func TestTransform(t *testing.T) {
	s := newService(t, `{"fullName": "first + ' ' + last", "big": "big", "q": "query('k')", "p": "pathPattern('/x/$>0')", "none": "query('z')"}`)
	reply, err := post(t, s, "/seg?k=v", "application/json", `{"first": "Ann", "last": "Lee", "big": 12345678901234567890}`)
	require.NoError(t, err)
	assert.Equal(t, 200, reply.Status)
	assert.Equal(t, "application/json", reply.Body.MediaType())
	data, err := reply.Body.Bytes(1 << 10)
	require.NoError(t, err)
	assert.Equal(t, `{"fullName":"Ann Lee","big":12345678901234567890,"q":"v","p":"/x/seg"}`, string(data))
}

func TestWhatIsUndefinedIsNoContent(t *testing.T) {
	reply, err := post(t, newService(t, `"a.b"`), "/", "application/json", `{}`)
	require.NoError(t, err)
	assert.Equal(t, 204, reply.Status)
	assert.Nil(t, reply.Body)
}

func TestBadRequests(t *testing.T) {
	s := newService(t, `{"a": {"b/c": "x.y.toUpperCase()"}}`)
	for _, row := range []struct {
		mediaType, body string
		status          int
		says            string
	}{
		{"application/json", ``, 400, "there is no JSON value"},
		{"application/json", `{"a": 1, "a": 2}`, 400, "a"},
		{"application/json", `{} {}`, 400, "follows"},
		{"text/plain", `{}`, 415, "Content-Type: application/json"},
		{"application/json", string(make([]byte, 2<<10)), 413, "larger than the limit"},
		{"application/json", `{"x": {"y": 1}}`, 422, `/a/b~1c: expression "x.y.toUpperCase()" at offset`},
	} {
		_, err := post(t, s, "/", row.mediaType, row.body)
		var told *bus.Error
		if assert.ErrorAs(t, err, &told, row.body) {
			assert.Equal(t, row.status, told.Status, row.body)
			assert.Contains(t, told.Error(), row.says)
		}
	}
}

func TestCheck(t *testing.T) {
	for source, want := range map[string]string{
		`{"a": {"b/c": "x +"}}`: "/transform/a/b~1c",
		`["1", "x = 1"]`:        "/transform/1",
		`{"a": 1, "a": 2}`:      "",
	} {
		config := transform.Config{Transform: []byte(source)}
		err := config.Check()
		require.Error(t, err)
		if want != "" {
			var at interface{ Pointer() string }
			require.ErrorAs(t, err, &at)
			assert.Equal(t, want, at.Pointer())
		}
	}
	assert.ErrorContains(t, new(transform.Config).Check(), `write "transform"`)

	both := transform.Config{Transform: []byte(`{"a": "x +", "b": {"c": "y ="}}`)}
	err := both.Check()
	assert.ErrorContains(t, err, `"x +", offset 3`)
	assert.ErrorContains(t, err, `"y =", offset 3`)
}
