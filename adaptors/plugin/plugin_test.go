package plugin_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/adaptors/plugin"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// serves is set for the copies of this program that are plugins.
const serves = "RESTSPACE_TEST_PLUGIN"

func TestMain(m *testing.M) {
	switch os.Getenv(serves) {
	case "store":
		fmt.Fprintln(os.Stderr, "begun")
		plugin.Serve(plugin.Store(openNoisy))
	case "others":
		plugin.Serve(plugin.Mailer(openPost), plugin.Engine(openFiller))
	}
	os.Exit(m.Run())
}

// noisy is a store that prints, and panics where it is asked for "panic".
type noisy struct{ *memstore.Store }

func openNoisy(_ context.Context, _ struct{}, env adaptors.Env) (adaptors.Store, error) {
	env.Log.Info("opened", "name", env.Name)
	fmt.Println("on standard output")
	fmt.Fprintln(os.Stderr, "on standard error")
	return noisy{memstore.New()}, nil
}

func (n noisy) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	if key[0] == "panic" {
		panic("out of paper")
	}
	return n.Store.Delete(ctx, key, c)
}

func (n noisy) Close() error {
	fmt.Fprintln(os.Stderr, "closed")
	return nil
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// dial connects to a plugin.
func dial(t *testing.T, socket string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// register serves adaptors in this process.
func register(t *testing.T, kinds ...adaptors.Kind) *grpc.ClientConn {
	t.Helper()
	dir, err := os.MkdirTemp("", "") // shorter than t.TempDir: a socket's name has an end
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket, err := net.Listen("unix", filepath.Join(dir, "s"))
	require.NoError(t, err)
	server := grpc.NewServer()
	plugin.Register(server, kinds...)
	served := make(chan error, 1)
	go func() { served <- server.Serve(socket) }()
	t.Cleanup(func() {
		server.Stop()
		assert.NoError(t, <-served)
	})
	return dial(t, socket.Addr().String())
}

// config has a field of each sort.
type config struct {
	embedded
	Name    string            `json:"name" required:"true" doc:"what it is called"`
	Mode    string            `json:"mode" enum:"fast,safe" doc:"how"`
	Size    uint8             `json:"size"`
	Ratio   float64           `json:"ratio"`
	On      *bool             `json:"on"`
	Wait    time.Duration     `json:"wait"`
	Address netip.AddrPort    `json:"address"`
	Servers []server          `json:"servers"`
	Labels  map[string]int    `json:"labels"`
	Inner   *server           `json:"inner"`
	Any     any               `json:"any"`
	Texts   map[string]string `json:"texts"`
}

type embedded struct {
	Depth int `json:"depth"`
}

type server struct {
	Host string `json:"host" required:"true" doc:"where it is"`
	Port int    `json:"port"`
}

// Check wants more than one thing.
func (c *config) Check() error {
	if c.Name == "bad" {
		return errors.Join(plugin.Fault("/name", errors.New("not that")), errors.New("nor this"))
	}
	return nil
}

func TestCheckTellsAllFaults(t *testing.T) {
	conn := register(t, plugin.Store(func(context.Context, config, adaptors.Env) (adaptors.Store, error) { return memstore.New(), nil }))
	for _, test := range []struct {
		json string
		want []string
	}{
		{`{"name": "x", "depth": 1, "mode": "safe", "size": 255, "ratio": 1e3, "on": true, "wait": "1m30s", "address": "127.0.0.1:80",
			"servers": [{"host": "a"}], "labels": {"a": 1}, "inner": {"host": "b", "port": 1}, "any": null, "texts": {}}`, nil},
		{``, []string{": the config is no JSON: jsontext: unexpected EOF"}},
		{`{"name": "x", "name": "y"}`, []string{`: the config is no JSON: jsontext: duplicate object member name "name"`}},
		{`[]`, []string{": this is a list: write an object"}},
		{`{}`, []string{`: there is no "name": write what it is called`}},
		{`{"name": "bad"}`, []string{"/name: not that", ": nor this"}},
		{`{"name": "bad", "inner": {"host": "a", "foo": 1}, "foo": 2}`, []string{
			`/inner/foo: unknown key "foo": the keys are host, port`,
			`/foo: unknown key "foo": the keys are address, any, depth, inner, labels, mode, name, on, ratio, servers, size, texts, wait`,
			"/name: not that", ": nor this",
		}},
		{`{"name": "bad", "foo": 2, "size": "1"}`, []string{
			`/foo: unknown key "foo": the keys are address, any, depth, inner, labels, mode, name, on, ratio, servers, size, texts, wait`,
			"/size: this is a string: write a whole number that fits",
		}},
		{`{"Name": "x"}`, []string{
			`/Name: unknown key "Name": the keys are address, any, depth, inner, labels, mode, name, on, ratio, servers, size, texts, wait`,
			`: there is no "name": write what it is called`,
		}},
		{`{"name": null, "mode": "slow", "size": 256, "ratio": "1", "on": 1}`, []string{
			"/name: this is null: write a string, or leave the key out", `/mode: "slow" is not known: write "fast" or "safe"`,
			"/size: this is a number: write a whole number that fits", "/ratio: this is a string: write a number",
			"/on: this is a number: write true or false",
		}},
		{`{"name": "x", "wait": 30, "address": 1, "depth": 1.5}`, []string{
			`/wait: this is a number: write a duration such as "30s"`, "/address: this is a number: write a string",
			"/depth: this is a number: write a whole number that fits",
		}},
		{`{"name": "x", "wait": "soon", "address": "nowhere"}`, []string{
			`/wait: "soon" is no duration: write it as "30s", "1m30s" or "250ms"`, `/address: not an ip:port`,
		}},
		{`{"name": "x", "servers": [{"host": "a"}, {"port": "1"}], "inner": {}, "labels": {"a/b": "1"}, "texts": []}`, []string{
			"/servers/1/port: this is a string: write a whole number that fits", `/servers/1: there is no "host": write where it is`,
			`/inner: there is no "host": write where it is`, "/labels/a~1b: this is a string: write a whole number that fits",
			"/texts: this is a list: write an object",
		}},
	} {
		checked, err := wire.NewPluginClient(conn).Check(t.Context(), &wire.Config{Interface: "Store", Json: []byte(test.json)})
		require.NoError(t, err)
		var got []string
		for _, f := range checked.GetFaults() {
			got = append(got, f.GetPointer()+": "+f.GetMessage())
		}
		assert.Equal(t, test.want, got, test.json)
	}
}

// TestConfigsOfOtherTypes: a config may be a pointer, a map, and begin with values
// of its own.
func TestConfigsOfOtherTypes(t *testing.T) {
	got := ""
	pointer := plugin.Store(func(_ context.Context, c *config, _ adaptors.Env) (adaptors.Store, error) {
		got = c.Name
		return memstore.New(), nil
	})
	mapped := plugin.Mailer(func(_ context.Context, c map[string]int, _ adaptors.Env) (adaptors.Mailer, error) {
		got = fmt.Sprint(c)
		return nil, nil
	})
	preset := plugin.Engine(func(_ context.Context, c server, _ adaptors.Env) (adaptors.Engine, error) {
		got = fmt.Sprint(c)
		return nil, nil
	})
	preset.Config = func() any { return &server{Host: "here", Port: 80} }
	of := wire.NewPluginClient(register(t, pointer, mapped, preset))
	for _, test := range []struct{ of, json, want string }{
		{"Store", `{"name": "bad"}`, "/name: not that"},
		{"Store", `{"name": "good"}`, "good"},
		{"Mailer", `{"a": "x"}`, "/a: this is a string: write a whole number that fits"},
		{"Mailer", `{"a": 1}`, "map[a:1]"},
		{"Engine", `{"host": "there"}`, "{there 80}"},
	} {
		got = ""
		checked, err := of.Open(t.Context(), &wire.Config{Interface: test.of, Json: []byte(test.json)})
		require.NoError(t, err)
		if faults := checked.GetFaults(); len(faults) > 0 {
			got = faults[0].GetPointer() + ": " + faults[0].GetMessage()
		}
		assert.Equal(t, test.want, got, test.json)
	}
}

func TestOpen(t *testing.T) {
	busy := true
	conn := register(t, plugin.Store(func(context.Context, struct{}, adaptors.Env) (adaptors.Store, error) {
		if busy {
			return nil, fs.ErrPermission
		}
		return memstore.New(), nil
	}))
	of, store := wire.NewPluginClient(conn), wire.NewStoreClient(conn)
	get := func() error {
		_, err := store.Get(t.Context(), &wire.GetRequest{Key: &wire.Key{Segments: []string{"a"}}})
		return err
	}
	open := func(of wire.PluginClient, what, json string) (*wire.Checked, error) {
		return of.Open(t.Context(), &wire.Config{Interface: what, Json: []byte(json)})
	}

	assert.EqualError(t, get(), "rpc error: code = Internal desc = the Store is not open: call Open first")
	_, err := open(of, "Mailer", "{}")
	assert.EqualError(t, err, "rpc error: code = Unimplemented desc = it serves Store")
	checked, err := open(of, "Store", `{"x": 1}`)
	require.NoError(t, err)
	assert.Len(t, checked.GetFaults(), 1)
	_, err = open(of, "Store", "{}")
	assert.ErrorContains(t, err, "permission denied")
	busy = false
	_, err = open(of, "Store", "{}")
	require.NoError(t, err)
	assert.Equal(t, codes.NotFound, status.Code(get()))
	_, err = open(of, "Store", "{}")
	assert.ErrorContains(t, err, "the Store is open already")
}

// TestHealthBesideASlowOpen: a plugin that does not answer it is ended.
func TestHealthBesideASlowOpen(t *testing.T) {
	begun, proceed := make(chan struct{}), make(chan struct{})
	conn := register(t, plugin.Store(func(context.Context, struct{}, adaptors.Env) (adaptors.Store, error) {
		close(begun)
		<-proceed
		return memstore.New(), nil
	}))
	of, opened := wire.NewPluginClient(conn), make(chan error, 1)
	go func() {
		_, err := of.Open(context.Background(), &wire.Config{Interface: "Store", Json: []byte("{}")})
		opened <- err
	}()
	<-begun
	reply, err := of.Health(t.Context(), &wire.HealthRequest{})
	assert.NoError(t, err)
	assert.Empty(t, reply.GetProblem())
	close(proceed)
	assert.NoError(t, <-opened)
}

func TestDescribe(t *testing.T) {
	conn := register(t, adaptors.Kind{Of: adaptors.MailerInterface}, adaptors.Kind{Of: adaptors.StoreInterface, Name: "cellar", Doc: "Keeps."})
	d, err := wire.NewPluginClient(conn).Describe(t.Context(), &wire.DescribeRequest{})
	require.NoError(t, err)
	assert.Equal(t, []string{"Store", "Mailer"}, d.GetInterfaces())
	assert.Equal(t, "cellar", d.GetName())
	assert.Equal(t, "Keeps.", d.GetDoc())
}

func TestKindsThatCantBeServed(t *testing.T) {
	serve := func(kinds ...adaptors.Kind) func() { return func() { plugin.Register(grpc.NewServer(), kinds...) } }
	assert.PanicsWithValue(t, "plugin: there is no kind to serve", serve())
	assert.PanicsWithValue(t, "plugin: two kinds are of the interface Store: serve one", serve(memstore.Kind(), memstore.Kind()))
	assert.PanicsWithValue(t, `plugin: the kind "x" is of the unknown interface "Stove"`, serve(adaptors.Kind{Name: "x", Of: "Stove"}))
}

func TestServeByHand(t *testing.T) {
	for _, stdin := range []io.Reader{nil, strings.NewReader("x")} {
		cmd := exec.Command(os.Args[0])
		cmd.Env, cmd.Stdin = []string{serves + "=store"}, stdin
		out, err := cmd.CombinedOutput()
		exit, ok := errors.AsType[*exec.ExitError](err)
		require.Truef(t, ok, "%v", err)
		assert.Equal(t, 1, exit.ExitCode())
		assert.Equal(t, strings.ReplaceAll(`begun
NAME is an adaptor plugin of restspace: a server starts it. Write its path in
services.json, as in "adaptor": "./NAME", or test it with

  restspace plugin test ./NAME
`, "NAME", filepath.Base(os.Args[0])), string(out))
	}
}

// program is a plugin that runs, and what it prints.
type program struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	socket string
	stdout *bufio.Reader
	stderr strings.Builder
}

// begin starts this program as a plugin, without TLS.
func begin(t *testing.T) *program {
	t.Helper()
	dir, err := os.MkdirTemp("", "")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &program{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = []string{serves + "=store", "RESTSPACE_PLUGIN=adaptor", "PLUGIN_UNIX_SOCKET_DIR=" + dir}
	p.cmd.Stderr = &p.stderr
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	p.stdout = bufio.NewReader(out)
	line, err := p.stdout.ReadString('\n')
	require.NoError(t, err)
	parts := strings.Split(strings.TrimSpace(line), "|")
	require.Len(t, parts, 6)
	assert.Equal(t, []string{"1", "1", "unix"}, parts[:3])
	p.socket = parts[3]
	return p
}

// TestServe has a program go through its life: what it prints comes out as it is,
// it does not end for a signal or a panic, and it closes its store at the end.
func TestServe(t *testing.T) {
	p := begin(t)
	conn := dial(t, p.socket)
	_, err := wire.NewPluginClient(conn).Open(t.Context(), &wire.Config{Interface: "Store", Json: []byte("{}")})
	require.NoError(t, err)
	line, err := p.stdout.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "on standard output\n", line)

	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		require.NoError(t, p.cmd.Process.Signal(s))
	}
	store := wire.NewStoreClient(conn)
	_, err = store.Delete(t.Context(), &wire.DeleteRequest{Key: &wire.Key{Segments: []string{"panic"}}})
	assert.Equal(t, codes.Internal, status.Code(err))
	assert.ErrorContains(t, err, "the plugin panicked: out of paper")
	_, err = store.Delete(t.Context(), &wire.DeleteRequest{Key: &wire.Key{Segments: []string{"none"}}})
	assert.Equal(t, codes.NotFound, status.Code(err))

	require.NoError(t, p.stdin.Close())
	_, _ = io.Copy(io.Discard, p.stdout)
	require.NoError(t, p.cmd.Wait())
	said := p.stderr.String()
	assert.Contains(t, said, `"msg":"opened","name":"plugin.test"`)
	assert.Contains(t, said, "\non standard error\n")
	assert.Contains(t, said, `"msg":"a call panicked","panic":"out of paper","stack":"goroutine `)
	assert.True(t, strings.HasSuffix(said, "\nclosed\n"), said)
	assert.NoFileExists(t, p.socket)
}
