package attacks

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/urlpattern"
)

// expanded stands in for the pipeline of a row, which is one call: it makes
// the URLs of that call from the request, and calls them as the same user. What
// no URL can be made of is refused, as it should be.
func (a *arena) expanded(t *testing.T, row attack) {
	t.Helper()
	pattern := patternOf(t, row)
	request, body := a.requestOf(t, row)
	path, dir, err := urlpattern.AppendPath(nil, request.URL.EscapedPath())
	if err != nil { // then it comes to no service
		a.attack(t, row)
		return
	}
	values := &urlpattern.Values{URL: &urlpattern.URL{Path: path, Dir: dir, Query: request.URL.RawQuery, Base: 2}}
	if json.Valid(body) {
		values.Body = body
	}
	urls, err := pattern.Expand(values)
	if err != nil {
		t.Logf("%s: %v", row.ID, err)
		return
	}
	for _, u := range urls {
		t.Logf("%s: %.200s", row.ID, u)
		require.Len(t, u.Path, 2, "the value is one segment")
		assert.Equal(t, "json", u.Path[0])
		call := row
		call.Request = fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\nConnection: close\r\n\r\n",
			u, request.Host, request.Header.Get("Authorization"))
		a.attack(t, call)
	}
}

// TestPatternOfARow sees that what is refused above is refused for its value.
func TestPatternOfARow(t *testing.T) {
	for needs, values := range map[string]*urlpattern.Values{
		"pipe by-body":                {Body: []byte(`{"name": "hello"}`)},
		"pipe by-path: GET /json/$>0": {URL: &urlpattern.URL{Path: []string{"pipe", "by-path", "hello"}, Base: 2}},
	} {
		urls, err := patternOf(t, attack{Needs: []string{needs}}).Expand(values)
		require.NoError(t, err)
		require.Len(t, urls, 1)
		assert.Equal(t, "/json/hello", urls[0].String())
	}
}

// patternOf returns the pattern of the call that a row's pipeline makes.
func patternOf(t *testing.T, row attack) *urlpattern.Pattern {
	t.Helper()
	require.Len(t, row.Needs, 1)
	text := "/json/${name}"
	if strings.HasPrefix(row.Needs[0], "pipe by-path") {
		text = "/json/$>0"
	}
	if _, given, ok := strings.Cut(row.Needs[0], ": GET "); ok {
		require.Equal(t, text, given)
	}
	pattern, err := urlpattern.Parse(text)
	require.NoError(t, err)
	return pattern
}

// requestOf returns the request of a row, and its body.
func (a *arena) requestOf(t *testing.T, row attack) (*http.Request, []byte) {
	t.Helper()
	steps, err := a.expander().expand(row.Request)
	require.NoError(t, err)
	var whole bytes.Buffer
	for _, s := range steps {
		whole.Write(s.data)
	}
	request, err := http.ReadRequest(bufio.NewReader(&whole))
	require.NoError(t, err)
	body, err := io.ReadAll(request.Body)
	require.NoError(t, err)
	return request, body
}
