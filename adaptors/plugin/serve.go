package plugin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// Serve serves adaptors to the server that started this program, one Kind for
// each interface at most. It is all that main has to do, and does not return:
// the program ends when the server wants it, or is gone. Started by anybody
// else it says what it is, and exits with 1.
//
// A Kind's Config and New are what they are in a server: the config is decoded
// strictly into what Config returns, its Check is called, and then New. Tags of
// the config's fields are told to users: doc, and required:"true".
//
// What the program writes to standard error, also through the logger of its
// Env, goes to the server's log. Standard output belongs to the protocol.
func Serve(kinds ...adaptors.Kind) {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // it ends with the server
		os.Exit(0)
	}()
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: wire.Handshake(),
		Plugins:         goplugin.PluginSet{wire.Name: &served{server: newServer(kinds)}},
		GRPCServer:      newGRPCServer,
		Logger:          hclog.NewNullLogger(),
	})
}

// newGRPCServer returns a server with the limits of the protocol.
func newGRPCServer(o []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(o,
		grpc.MaxRecvMsgSize(wire.MaxMessage),
		grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.InitialWindowSize(wire.Window),
		grpc.InitialConnWindowSize(wire.Window),
	)...)
}

// Register adds the adaptors to a gRPC server: [Serve] without the program, for
// tests.
func Register(to grpc.ServiceRegistrar, kinds ...adaptors.Kind) { newServer(kinds).register(to) }

// served is the only plugin of the program, as go-plugin wants it.
type served struct {
	goplugin.NetRPCUnsupportedPlugin
	server *server
}

func (s *served) GRPCServer(_ *goplugin.GRPCBroker, to *grpc.Server) error {
	s.server.register(to)
	return nil
}

func (s *served) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.ErrUnsupported
}

// logger returns the logger of an adaptor: lines of JSON, which the server
// understands.
func logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
