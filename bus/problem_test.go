package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

func TestClassify(t *testing.T) {
	tests := []struct {
		err    error
		status int
		kind   string
	}{
		{fmt.Errorf("get x: %w", bus.Errorf(418, "tea")), 418, ""},
		{fmt.Errorf("get x: %w", fs.ErrNotExist), 404, ""},
		{&os.PathError{Op: "open", Err: syscall.ENOENT}, 404, ""},
		{fs.ErrExist, 409, ""},
		{errors.Join(errors.New("x"), context.DeadlineExceeded), 504, bus.TypeTimeout},
		{context.Canceled, bus.StatusClientClosed, ""},
		{&os.PathError{Op: "write", Err: syscall.ENOSPC}, 507, bus.TypeStorageFull},
		{syscall.EDQUOT, 507, bus.TypeStorageFull},
		{errors.New("what is this"), 500, ""},
		{&bus.Error{Status: 404, Err: context.Canceled}, 404, ""},
		{&bus.Error{Detail: "no status"}, 500, ""},
		{&bus.Error{Status: 200}, 500, ""},
		{&bus.Error{Status: 1000}, 500, ""},
	}
	for _, test := range tests {
		known := bus.Classify(test.err)
		assert.Equal(t, test.status, known.Status, "%v", test.err)
		assert.Equal(t, test.kind, known.Type, "%v", test.err)
	}
}

func TestClassifyKeepsTheCause(t *testing.T) {
	for _, err := range []error{fs.ErrNotExist, fs.ErrExist, context.DeadlineExceeded, context.Canceled, syscall.ENOSPC,
		errors.New("x"), bus.Errorf(200, "x"), bus.Errorf(400, "x")} {
		assert.ErrorIs(t, bus.Classify(fmt.Errorf("get x: %w", err)), err, "the log is told")
	}
}

func TestErrorIsALineForTheLog(t *testing.T) {
	cause := errors.New("cause")
	assert.EqualError(t, &bus.Error{Status: 404, Err: cause}, "Not Found: cause")
	assert.EqualError(t, bus.Errorf(400, "no %s", "body"), "no body")
	assert.ErrorIs(t, &bus.Error{Status: 404, Err: cause}, cause)
}

func document(t *testing.T, m *bus.Message) map[string]any {
	t.Helper()
	require.Equal(t, "application/problem+json", m.Body.MediaType())
	data, err := m.Body.Bytes(m.Body.Size())
	require.NoError(t, err)
	var members map[string]any
	require.NoError(t, json.Unmarshal(data, &members), "%s", data)
	return members
}

func TestProblem(t *testing.T) {
	inside := map[string]any{"host": "10.0.0.7"}
	tests := []struct {
		name string
		err  error
		want map[string]any
	}{
		{"of nobody's making", errors.New("secret"),
			map[string]any{"type": "about:blank", "title": "Internal Server Error", "status": 500., "instance": "id"}},
		{"a 5xx says nothing", &bus.Error{Status: 502, Detail: "secret", Members: inside, Err: errors.New("secret")},
			map[string]any{"type": "about:blank", "title": "Bad Gateway", "status": 502., "instance": "id"}},
		{"but what was written for the client", &bus.Error{Status: 503, Type: bus.TypeBusy, Detail: "try again", Err: errors.New("secret")},
			map[string]any{"type": bus.TypeBusy, "title": "Service Unavailable", "status": 503., "detail": "try again", "instance": "id"}},
		{"with all that there is", &bus.Error{Status: 400, Type: "urn:x", Title: "T", Detail: "d", Members: map[string]any{"errors": []int{1}}},
			map[string]any{"type": "urn:x", "title": "T", "status": 400., "detail": "d", "instance": "id", "errors": []any{1.}}},
		{"a member that is no JSON", &bus.Error{Status: 400, Detail: "d", Members: map[string]any{"f": func() {}}},
			map[string]any{"type": "about:blank", "title": "Bad Request", "status": 400., "detail": "d", "instance": "id"}},
		{"a member with the name of a fact", &bus.Error{Status: 400, Detail: "d", Members: map[string]any{"status": 200}},
			map[string]any{"type": "about:blank", "title": "Bad Request", "status": 400., "detail": "d", "instance": "id"}},
		{"text that is not UTF-8", bus.Errorf(400, "no \xff here"),
			map[string]any{"type": "about:blank", "title": "Bad Request", "status": 400., "detail": "no \ufffd here", "instance": "id"}},
		{"who left", context.Canceled,
			map[string]any{"type": "about:blank", "title": "Client Closed Request", "status": 499., "instance": "id"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := bus.Problem(test.err, "id", "*/*")
			assert.Equal(t, test.want, document(t, m))
			assert.EqualValues(t, test.want["status"], m.Status)
		})
	}
}

func TestProblemWithoutAnInstance(t *testing.T) {
	assert.NotContains(t, document(t, bus.Problem(fs.ErrNotExist, "", "")), "instance")
}

func TestProblemHasTheFieldsOfItsError(t *testing.T) {
	err := &bus.Error{Status: 405, Header: bus.Header{{"Allow", "GET"}}}
	m := bus.Problem(err, "", "")
	m.Header.Set("Allow", "changed")
	assert.Equal(t, "GET", err.Header.Get("Allow"), "the error keeps its own")
	assert.Equal(t, "GET", bus.Problem(err, "", "").Header.Get("Allow"))
}

func TestProblemForABrowser(t *testing.T) {
	page := func(err error) string {
		m := bus.Problem(err, "<id>", "text/html,application/xhtml+xml,*/*;q=0.8")
		require.Equal(t, "text/html; charset=utf-8", m.Body.MediaType())
		data, _ := m.Body.Bytes(m.Body.Size())
		return string(data)
	}
	bad := page(bus.Errorf(400, "<script>alert(1)</script>"))
	assert.Contains(t, bad, "<h1>400 Bad Request</h1>")
	assert.Contains(t, bad, "&lt;script&gt;alert(1)&lt;/script&gt;")
	assert.Contains(t, bad, "Request &lt;id&gt;")
	assert.NotContains(t, bad, "<script>")
	assert.NotContains(t, page(bus.Errorf(500, "secret")), "secret")
}
