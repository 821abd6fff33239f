package runtime_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/urlpattern"
)

// telling is a Kind that has very much to tell.
func telling(operations int) services.Kind {
	open := func(context.Context, services.Env, services.None, services.None) (bus.Service, error) {
		return bus.ServiceFunc(nil), nil
	}
	return services.Define(services.Kind{Name: "telling", Doc: "Tells much.", Describe: func(any) []services.Operation {
		list := make([]services.Operation, operations)
		for i := range list {
			list[i] = services.Operation{Method: "GET", Path: fmt.Sprintf("/%d/:x", i)}
		}
		return list
	}}, open)
}

// described asks for the description, as a user with these roles, "" being nobody.
func (s *server) described(t *testing.T, roles string) (etag, body string) {
	t.Helper()
	m := &bus.Message{Method: http.MethodGet, URL: urlpattern.URL{Path: []string{".well-known", "restspace", "openapi.json"}}}
	if roles != "" {
		m.User = &bus.User{Email: "jo@example.com", Roles: strings.Fields(roles)}
	}
	root := bus.NewRoot(t.Context(), 10*time.Second)
	defer root.End()
	reply, err := s.Serve(root, m)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, reply.Status)
	size := reply.Body.Size()
	text, err := reply.Body.Bytes(64 << 20)
	require.NoError(t, err)
	assert.Len(t, text, int(size))
	require.NoError(t, reply.Close())
	return reply.Header.Get("ETag"), string(text)
}

// TestLargeDescriptionsAreStreamed asks for one that is not held.
func TestLargeDescriptionsAreStreamed(t *testing.T) {
	config := func(roles string) string {
		return `{"services": [
			{"name": "a", "basePath": "/a", "service": "telling", "readRoles": "all"},
			{"name": "b", "basePath": "/b", "service": "telling", "readRoles": "` + roles + `"}
		]}`
	}
	s := start(t, newProbe(), config("E"), telling(1000))
	nobody, text := s.described(t, "")
	assert.Greater(t, len(text), 300<<10)
	assert.Equal(t, 1000, strings.Count(text, `"operationId":"a.`))
	assert.NotContains(t, text, `"b.`)
	var value any
	assert.NoError(t, json.Unmarshal([]byte(text), &value))

	again, _ := s.described(t, "")
	assert.Equal(t, nobody, again)
	other, _ := s.described(t, "A")
	assert.Equal(t, nobody, other, "it is the same for all who may do the same")
	editor, more := s.described(t, "E")
	assert.NotEqual(t, nobody, editor)
	assert.Equal(t, 1000, strings.Count(more, `"operationId":"b.`))

	require.NoError(t, s.Load(t.Context(), "services.json", []byte(config("all"))))
	after, _ := s.described(t, "")
	assert.NotEqual(t, nobody, after)
}

// TestDescriptionsForManyUsers asks for more than are known at one time, at the
// same time.
func TestDescriptionsForManyUsers(t *testing.T) {
	var list []string
	for i := range 40 {
		list = append(list, fmt.Sprintf(`{"name": "m%d", "basePath": "/m%d", "service": "telling", "readRoles": "R%d"}`, i, i, i))
	}
	s := start(t, newProbe(), `{"services": [`+strings.Join(list, ",")+`]}`, telling(3))
	var asking sync.WaitGroup
	for i := range 80 {
		asking.Go(func() {
			_, text := s.described(t, fmt.Sprintf("R%d", i%40))
			assert.Equal(t, 3, strings.Count(text, "operationId"))
			assert.Contains(t, text, fmt.Sprintf(`"m%d.get_0_by-x"`, i%40))
		})
	}
	asking.Wait()
}
