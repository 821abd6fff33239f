package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// testApp is a program with one service.
func testApp() App {
	echo := services.Define(services.Kind{
		Name:      "echo",
		Doc:       "# echo\n\nAnswers with what it is sent. For tests.\n\n```\n# no heading\n```\n",
		PostReads: true,
	}, func(context.Context, services.Env, services.None, services.None) (bus.Service, error) {
		return bus.ServiceFunc(answer), nil
	})
	return App{Services: services.NewRegistry(echo), Adaptors: adaptors.NewRegistry().WithPlugins(testPlugin), Version: "v1.2.3"}
}

// testPlugin is what every path serves: a store in memory, which ./broken has
// delete nothing.
func testPlugin(p adaptors.Plugin, of adaptors.Interface) (adaptors.Kind, error) {
	return adaptors.Kind{
		Name:   p.Path,
		Of:     of,
		Config: func() any { return &adaptors.RawConfig{} },
		New: func(context.Context, any, adaptors.Env) (any, error) {
			if p.Path == "./broken" {
				return hoard{memstore.New()}, nil
			}
			return memstore.New(), nil
		},
	}, nil
}

// hoard never deletes anything, and says why in red.
type hoard struct{ adaptors.Store }

func (hoard) Delete(context.Context, adaptors.Key, adaptors.Condition) error {
	return errors.New("\x1b[31mmine")
}

func answer(_ context.Context, m *bus.Message) (*bus.Message, error) {
	reply := bus.Reply(http.StatusOK, m.Body)
	switch m.ServicePath()[0] {
	case "error":
		reply.Status = http.StatusTeapot
	case "escape":
		reply.Header.Add("X-Title", "\x1b[31mred")
	case "fail":
		return nil, errors.New("the disk is on fire")
	case "short":
		reply.Body = bus.NewStream(io.NopCloser(strings.NewReader("half")), 8, "text/plain")
	}
	return reply, nil
}

// configure lays the configuration of a test into a new working directory.
func configure(t *testing.T, text string) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("services.json", []byte(text), 0o600))
}

const echoOnly = `{"server": {"listen": "127.0.0.1:0"}, "services": [{"name": "echo", "basePath": "/", "service": "echo", "readRoles": "all"}]}`

// do runs a command and returns its exit code and what it printed.
func do(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = testApp().Run(ctx, args, nil, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestCallTellsWhatIsWrongInside(t *testing.T) {
	configure(t, echoOnly)
	code, stdout, stderr := do(t.Context(), "call", "GET", "/fail")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stdout, "HTTP 500 Internal Server Error\n")
	assert.NotContains(t, stdout, "fire")
	assert.Equal(t, "restspace: the disk is on fire\n", stderr)
}

// A body that breaks off is no answer, whatever its status says.
func TestCallFailsWithTheBody(t *testing.T) {
	configure(t, echoOnly)
	code, stdout, stderr := do(t.Context(), "call", "GET", "/short", "--body")
	assert.Equal(t, exitFailed, code)
	assert.Equal(t, "half", stdout)
	assert.NotEmpty(t, stderr)
}

func TestServeEndsWithItsContext(t *testing.T) {
	configure(t, echoOnly)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, stdout, stderr := do(ctx, "serve")
	assert.Equal(t, exitDone, code)
	assert.Contains(t, stdout, "\nhttp://127.0.0.1:")
	assert.Contains(t, stderr, "restspace: draining")
}

// full is an output with no room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestOutputThatCantBeWritten(t *testing.T) {
	configure(t, echoOnly)
	require.NoError(t, os.WriteFile("old.json", []byte(`{"services": []}`), 0o600))
	for _, args := range [][]string{
		{"serve"}, {"check"}, {"routes"}, {"routes", "--json"}, {"call", "GET", "/x"}, {"call", "POST", "/x", "-d", "x", "--body"},
		{"pattern", "/x"}, {"pattern", "/x", "--json"}, {"token", "jo@example.com"}, {"help", "services"}, {"help", "service", "echo"}, {"schema"}, {"import", "old.json"}, {"completion", "bash"}, {"version"},
		{"plugin", "test", "./good"}, {"plugin", "test", "./good", "--json"}, {"plugin", "proto"}, {"plugin", "new", "cellar"}, {"help", "plugins"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			var errs bytes.Buffer
			assert.Equal(t, exitFailed, testApp().Run(t.Context(), args, nil, strings.NewReader(""), full{}, &errs))
			assert.Contains(t, errs.String(), "no space left")
		})
	}
}

func TestHostsOf(t *testing.T) {
	configure(t, `{
		"server": {"listen": "127.0.0.1:80", "publicURL": "https://Example.com/", "hosts": ["other.example"]},
		"services": [{"name": "echo", "basePath": "/", "service": "echo", "readRoles": "all"}]
	}`)
	for url, want := range map[string]int{
		"http://127.0.0.1:80/x":   exitDone,
		"http://localhost:80/x":   exitDone,
		"https://example.com/x":   exitDone,
		"https://other.example/x": exitDone,
		"http://127.0.0.1:81/x":   exitUsage,
		"https://example.org/x":   exitUsage,
	} {
		code, _, stderr := do(t.Context(), "call", "GET", url)
		assert.Equal(t, want, code, "%s: %s", url, stderr)
	}
}
