package runtime_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
	servicelist "github.com/seed90475182/restspace/services/all"
)

// zipOf returns a zip of documents that hold 1.
func zipOf(t *testing.T, names ...string) *bytes.Buffer {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for _, name := range names {
		to, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(to, "1")
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return &archive
}

// TestUnzipAsksForEachDocument holds that a zip stores nothing that its user
// could not store one by one.
func TestUnzipAsksForEachDocument(t *testing.T) {
	t.Chdir(t.TempDir())
	r := runtime.New(runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), Listen: true, Address: "127.0.0.1:0", LogTo: t.Output()})
	require.NoError(t, r.Load(t.Context(), "services.json", []byte(`{"services": [
		{"name": "box", "basePath": "/box", "service": "json", "adaptor": "memory", "readRoles": "all",
		 "writeRoles": "W A /closed A /own {email}@2", "createRoles": "C W A /closed A /own {email}@2 /a W A", "manageRoles": "A"},
		{"name": "deeper", "basePath": "/box/deeper", "service": "json", "adaptor": "memory", "readRoles": "all", "writeRoles": "all"}
	]}`)))
	client := &http.Client{Transport: &http.Transport{}}
	defer func() { client.CloseIdleConnections(); require.NoError(t, r.Close(context.Background())) }()
	do := func(method, path, roles string, body io.Reader) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.Addr()+path, body)
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/zip")
		if roles != "" {
			token, err := r.Token(&bus.User{Email: "ann@x.org", Roles: strings.Fields(roles)}, time.Hour)
			require.NoError(t, err)
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := client.Do(request)
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode, string(text)
	}
	for _, row := range []struct {
		path, roles string
		names       []string
		status      int
		want        string
	}{
		{"/box/", "", []string{"x"}, 401, "sign in"},
		{"/box/", "X", []string{"x"}, 403, "none of your roles"},
		{"/box/", "W", []string{"x", "y/z"}, 200, `{"created":2,"replaced":0}`},
		{"/box", "W", []string{"x"}, 200, `{"created":0,"replaced":1}`},
		{"/box/", "C", []string{"new"}, 200, `{"created":1,"replaced":0}`},
		{"/box/", "C", []string{"newer", "new.json"}, 403, "you may only make documents"},
		{"/box/", "C", []string{"newer", "a"}, 403, "you may not write it"},
		{"/box/", "C", []string{"newer", "a.json"}, 403, "you may not write it"},
		{"/box/", "W", []string{"newer", "closed/x"}, 403, "you may not write it"},
		{"/box/", "W", []string{"newer", "closed"}, 403, "you may not write it"},
		{"/box/", "W", []string{"newer", "own/bob@x.org/x"}, 403, "you may not write it"},
		{"/box/", "W", []string{"own/ann@x.org/x"}, 200, `{"created":1,"replaced":0}`},
		{"/box/", "W", []string{"newer", "deeper/x"}, 403, "you may not write it"},
		{"/box/", "A", []string{"newer", "deeper/x"}, 403, "you may not write it"},
		{"/box/", "W", []string{"newer", ".schema.json"}, 403, "you may not write it"},
		{"/box/", "W", []string{"newer", "a/b/.schema"}, 403, "you may not write it"},
		{"/box/", "A", []string{"closed/x", "closed/y"}, 200, `{"created":2,"replaced":0}`},
	} {
		status, text := do("PUT", row.path, row.roles, zipOf(t, row.names...))
		assert.Equal(t, row.status, status, "%s %s: %s", row.roles, row.names, text)
		assert.Contains(t, text, row.want)
		status, _ = do("GET", "/box/newer", "A", http.NoBody)
		assert.Equal(t, 404, status, "%s %s", row.roles, row.names)
	}
}
