package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// Serve serves adaptors to the server that started this program, one Kind for
// each interface at most. It is all that main has to do, and does not return.
// Started by anybody else it says what it is, and exits with 1.
//
// A Kind's Config and New are what they are in a server: the config is decoded
// strictly into what Config returns, its Check is called, and then New. Tags of
// the config's fields are told to users: doc, enum, and required:"true". Durations
// are written as "30s". See [Fault] for where in a config something is wrong.
//
// The program ends when its server does, or wants it: what New returned is closed
// where it is an io.Closer, in a second at most. SIGTERM, SIGINT and SIGHUP do not
// end it, since they come to a server and its programs together, and the server
// has requests to finish.
//
// What the program prints goes to the server's log: to standard error, by the
// logger of its Env, and to standard output once it is open. A call that panics
// fails, and the others go on.
func Serve(kinds ...adaptors.Kind) {
	s := newServer(kinds)
	handshake := wire.Handshake()
	if os.Getenv(handshake.MagicCookieKey) != handshake.MagicCookieValue {
		fmt.Fprintf(os.Stderr, byHand, filepath.Base(os.Args[0]))
		os.Exit(1)
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	stdout, stderr := os.Stdout, os.Stderr
	s.begin = func() { os.Stdout, os.Stderr = stdout, stderr } // go-plugin's would lose the last words of a crash
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // it ends with the server
		s.end()
		os.Exit(0)
	}()
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         goplugin.PluginSet{wire.Name: &served{server: s}},
		GRPCServer:      s.newGRPCServer,
		Logger:          hclog.NewNullLogger(),
	})
	s.end()
	os.Exit(0)
}

// byHand is what a plugin says to who starts it.
const byHand = `%[1]s is an adaptor plugin of restspace: a server starts it. Write its path in
services.json, as in "adaptor": "./%[1]s", or test it with

  restspace plugin test ./%[1]s
`

// workers answer calls one after the other, with a stack that has grown already.
// Where all have something to do, a call has a goroutine of its own.
const workers = 8

// newGRPCServer returns a server with the limits of the protocol, in which a call
// that panics is one that fails.
func (s *server) newGRPCServer(o []grpc.ServerOption) *grpc.Server {
	made := grpc.NewServer(append(o,
		grpc.MaxRecvMsgSize(wire.MaxMessage),
		grpc.MaxSendMsgSize(wire.MaxMessage),
		grpc.InitialWindowSize(wire.Window),
		grpc.InitialConnWindowSize(wire.Window),
		grpc.NumStreamWorkers(workers),
		grpc.WaitForHandlers(true),
		grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, call grpc.UnaryHandler) (reply any, err error) {
			defer recovered(&err)
			return call(ctx, request)
		}),
		grpc.StreamInterceptor(func(of any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, call grpc.StreamHandler) (err error) {
			defer recovered(&err)
			return call(of, stream)
		}),
	)...)
	s.stopWith(made.Stop)
	return made
}

// recovered makes an error of a panic, and logs where it was.
func recovered(err *error) {
	if cause := recover(); cause != nil {
		logger().Error("a call panicked", "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
		*err = status.Errorf(codes.Internal, "the plugin panicked: %v", cause)
	}
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
