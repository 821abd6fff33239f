package host_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/adaptors/plugin"
	"github.com/seed90475182/restspace/adaptors/plugin/plugintest"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
	"github.com/seed90475182/restspace/bus"
)

// bareEnv is set for the copies of this program that are bare plugins: what
// go-plugin and gRPC take for the same bytes, and nothing else. memoryEnv is for
// those that are a store in memory as an author would serve it.
const (
	bareEnv   = "RESTSPACE_TEST_BARE"
	memoryEnv = "RESTSPACE_TEST_MEMORY"
)

// documents are what the stores of benchmarks hold, by name.
func documents() map[string][]byte {
	return map[string][]byte{"1KB": make([]byte, 1<<10), "10MB": make([]byte, 10<<20)}
}

// bare is both sides of such a plugin.
type bare struct {
	goplugin.NetRPCUnsupportedPlugin
	wire.UnimplementedStoreServer
	documents map[string][]byte
}

// serveBenchmarks is such a program.
func serveBenchmarks() {
	if os.Getenv(memoryEnv) != "" {
		plugin.Serve(memstore.Kind())
	}
	if os.Getenv(bareEnv) == "" {
		return
	}
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: wire.Handshake(),
		Plugins:         goplugin.PluginSet{wire.Name: &bare{documents: documents()}},
		Logger:          hclog.NewNullLogger(),
		GRPCServer: func(o []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(o, grpc.MaxRecvMsgSize(64<<20))...)
		},
	})
	os.Exit(0)
}

func (p *bare) GRPCServer(_ *goplugin.GRPCBroker, to *grpc.Server) error {
	wire.RegisterStoreServer(to, p)
	return nil
}

func (p *bare) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return wire.NewStoreClient(conn), nil
}

func (p *bare) Get(_ context.Context, r *wire.GetRequest) (*wire.GetReply, error) {
	return &wire.GetReply{Data: p.documents[r.GetKey().GetSegments()[0]]}, nil
}

func (p *bare) Put(_ context.Context, r *wire.PutRequest) (*wire.PutReply, error) {
	return &wire.PutReply{}, nil
}

// openBare starts a bare plugin.
func openBare(b *testing.B) wire.StoreClient {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{bareEnv + "=1"}
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  wire.Handshake(),
		Plugins:          goplugin.PluginSet{wire.Name: &bare{}},
		Cmd:              cmd,
		SkipHostEnv:      true,
		AutoMTLS:         true,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
		GRPCDialOptions:  []grpc.DialOption{grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64 << 20))},
	})
	b.Cleanup(client.Kill)
	protocol, err := client.Client()
	require.NoError(b, err)
	made, err := protocol.Dispense(wire.Name)
	require.NoError(b, err)
	return made.(wire.StoreClient)
}

// BenchmarkGet is a document that comes through the wire, beside one that comes
// from the same store in the process. raw is a bare call of go-plugin that is
// answered with the same bytes in one message.
func BenchmarkGet(b *testing.B) {
	s, in, raw := benchmarkStores(b)
	for name, content := range documents() {
		b.Run(name, func(b *testing.B) {
			size := int64(len(content))
			b.Run("memory", func(b *testing.B) { repeat(b, size, func() error { return readAll(in, name) }) })
			adaptortest.Compare(b, size, func() error {
				_, err := raw.Get(context.Background(), &wire.GetRequest{Key: &wire.Key{Segments: []string{name}}})
				return err
			}, func() error { return readAll(s, name) })
		})
	}
}

// BenchmarkPut is the other way.
func BenchmarkPut(b *testing.B) {
	s, in, raw := benchmarkStores(b)
	for name, content := range documents() {
		b.Run(name, func(b *testing.B) {
			size := int64(len(content))
			b.Run("memory", func(b *testing.B) { repeat(b, size, func() error { return store(in, name, content) }) })
			adaptortest.Compare(b, size, func() error {
				_, err := raw.Put(context.Background(), &wire.PutRequest{Key: &wire.Key{Segments: []string{name}}, Data: content})
				return err
			}, func() error { return store(s, name, content) })
		})
	}
}

// BenchmarkRestart is from the end of a program to the first good answer of the
// next one.
func BenchmarkRestart(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		s, err := tryOpen(program(plugintest.None), "{}", io.Discard)
		require.NoError(b, err)
		number := pid(b, s)
		require.NoError(b, syscall.Kill(number, syscall.SIGKILL))
		b.StartTimer()
		for read(s, string(plugintest.PID)) != nil {
			time.Sleep(time.Millisecond)
		}
		b.StopTimer()
		require.NoError(b, s.Close())
		b.StartTimer()
	}
}

// benchmarkStores returns a store behind the wire, the same in the process, and
// a bare plugin.
func benchmarkStores(b *testing.B) (wired, in adaptors.Store, raw wire.StoreClient) {
	b.Helper()
	p := adaptors.Plugin{Path: os.Args[0], Env: map[string]string{memoryEnv: "1"}}
	s, err := tryOpen(p, "{}", io.Discard)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	m := memstore.New()
	for name, content := range documents() {
		require.NoError(b, store(s, name, content))
		require.NoError(b, store(m, name, content))
	}
	return s, m, openBare(b)
}

func repeat(b *testing.B, size int64, do func() error) {
	b.ReportAllocs()
	b.SetBytes(size)
	for b.Loop() {
		if err := do(); err != nil {
			b.Fatal(err)
		}
	}
}

func store(s adaptors.Store, name string, content []byte) error {
	_, err := s.Put(context.Background(), adaptors.Key{name}, bus.NewBody(content, ""), adaptors.Condition{})
	return err
}

// readAll reads a document as an edge does, a stream through a buffer.
func readAll(s adaptors.Store, name string) error {
	body, _, err := s.Get(context.Background(), adaptors.Key{name}, adaptors.GetOptions{})
	if err != nil {
		return err
	}
	if body.Stream() != nil {
		_, err = io.CopyBuffer(writer{}, reader{body.Stream()}, make([]byte, 64<<10))
	}
	return errors.Join(err, body.Close())
}

// They have no other methods: the buffer is used.
type (
	reader struct{ io.Reader }
	writer struct{}
)

func (writer) Write(p []byte) (int, error) { return len(p), nil }
