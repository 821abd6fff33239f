package scripttest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/scripttest"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestScripts(t *testing.T) {
	scripttest.Test(t, runtime.Options{Services: servicelist.Registry(), Adaptors: adaptorlist.Registry()}, "testdata/*.txtar")
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for script, want := range map[string]string{
		"-- request --\nGET /\n":                             "each followed by its reply",
		"-- reply --\n200\n":                                 "pairs",
		"-- request --\nGET\n-- reply --\n200\n":             "METHOD URL",
		"-- request --\nGET / by ann U\n-- reply --\n200\n":  "METHOD URL as EMAIL",
		"-- request --\nGET /\n-- reply --\nok\n":            "the first line is a status",
		"-- request --\nGET /\nnonsense\n-- reply --\n200\n": "is not a field",
		"": "a script has requests",
	} {
		_, err := scripttest.Parse([]byte(script))
		assert.ErrorContains(t, err, want, script)
	}
}

// TestPlayFails sees that a reply that is not the one expected is found out.
func TestPlayFails(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Tag", r.URL.Query().Get("tag"))
		_, _ = w.Write([]byte("the body\n"))
	}))
	defer server.Close()
	for reply, want := range map[string]string{
		"200\nX-Tag: a\n\nthe body\n": "",
		"200\nX-Tag: {{x}}\n":         "",
		"200\n\nthe {{x}}\n":          "",
		"201\n":                       "the status is 200, not 201",
		"200\nX-Tag: b\n":             `X-Tag is "a", not "b"`,
		"200\nX-Other: {{x}}\n":       `X-Other is ""`,
		"200\n!X-Tag\n":               "X-Tag is there",
		"200\n\nanother body\n":       "the body is not\nanother body",
		"200\nX-Tag: {{x}}\n\n{{x}}":  "the body is not\na",
	} {
		script, err := scripttest.Parse([]byte("-- request: try --\nGET /?tag=a\n-- reply --\n" + reply))
		require.NoError(t, err)
		player := scripttest.Player{Base: server.URL, Client: server.Client()}
		err = player.Play(&script.Steps[0])
		if want == "" {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, strings.TrimSpace(want))
	}
}
