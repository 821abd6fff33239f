package files_test

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/files"
	"github.com/seed90475182/restspace/urlpattern"
)

func TestServiceStreams(t *testing.T) {
	kind := files.Kind()
	service, err := kind.New(t.Context(), services.Env{
		Config:   kind.Config(),
		Adaptors: map[string]any{"adaptor": adaptors.NewKeep(memstore.New(), 100)},
		Limits:   services.Limits{Body: 4, File: 100},
	})
	require.NoError(t, err)
	page := urlpattern.URL{Path: []string{"files", "x.html"}, Base: 1}
	body := bus.NewStream(io.NopCloser(strings.NewReader("<script>more than is held in memory")), -1, "image/png")
	reply, err := service.Serve(t.Context(), &bus.Message{Method: "PUT", URL: page, Body: body})
	require.NoError(t, err)
	assert.Equal(t, 201, reply.Status)

	reply, err = service.Serve(t.Context(), &bus.Message{Method: "GET", URL: page})
	require.NoError(t, err)
	assert.Equal(t, "text/html; charset=utf-8", reply.Body.MediaType(), "the name decides")
	assert.Equal(t, int64(35), reply.Body.Size())

	assert.True(t, kind.Manages(&bus.Message{Method: "DELETE", URL: urlpattern.URL{Dir: true, Query: "$recursive=true"}}))
	assert.False(t, kind.Manages(&bus.Message{Method: "DELETE", URL: page}))
}
