package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

const (
	startTimeout = 10 * time.Second // from the start of a program until it can be used
	graceTimeout = 2 * time.Second  // in which it may end by itself
)

// errSlow is why a start is given up: nobody else does.
var errSlow = errors.New("the time for a start is over")

// process is a program that runs.
type process struct {
	client  *goplugin.Client
	run     *execution
	program identity
	exited  chan struct{} // closed when it has ended, and nothing of it is left
	asked   atomic.Bool   // whether it is there: somebody does

	plugin wire.PluginClient
	store  wire.StoreClient
	mailer wire.MailerClient
	engine wire.EngineClient
}

// start starts a program and makes a first call of it with its config, Open or
// Check, which may say what is wrong with that.
func start(ctx context.Context, s *settings, log *slog.Logger, first firstCall) (*process, error) {
	program, err := checkProgram(&s.Plugin)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, errSlow)
	defer cancel()
	p := newProcess(s, log)
	p.program = program
	stop := context.AfterFunc(ctx, func() { _ = p.run.Kill(ctx) })
	err = p.connect()
	if err != nil {
		err = p.run.explain(ctx, err)
	} else {
		go p.follow()
		err = p.begin(ctx, s, first)
	}
	if !stop() && context.Cause(ctx) != errSlow {
		err = ctx.Err() // nobody wants it any more
	}
	if err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

func newProcess(s *settings, log *slog.Logger) *process {
	p := &process{run: newExecution(s, log), exited: make(chan struct{})}
	p.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  wire.Handshake(),
		Plugins:          goplugin.PluginSet{wire.Name: &connected{}},
		RunnerFunc:       p.run.runner,
		SkipHostEnv:      true,
		AutoMTLS:         true,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		StartTimeout:     2 * startTimeout, // it is killed before
		Logger:           hclog.NewNullLogger(),
		SyncStdout:       p.run.output,
		SyncStderr:       p.run.output,
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithInitialWindowSize(wire.Window),
			grpc.WithInitialConnWindowSize(wire.Window),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxMessage), grpc.MaxCallSendMsgSize(wire.MaxMessage)),
		},
	})
	return p
}

// connect starts the program and connects to it.
func (p *process) connect() error {
	protocol, err := p.client.Client()
	if err != nil {
		return err
	}
	made, err := protocol.Dispense(wire.Name)
	if err != nil {
		return err
	}
	conn := made.(grpc.ClientConnInterface)
	p.plugin, p.store = wire.NewPluginClient(conn), wire.NewStoreClient(conn)
	p.mailer, p.engine = wire.NewMailerClient(conn), wire.NewEngineClient(conn)
	return nil
}

// connected gives the connection to the plugin as it is.
type connected struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (*connected) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error { return errors.ErrUnsupported }

func (*connected) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

// firstCall is one of the calls that take a config.
type firstCall func(wire.PluginClient, context.Context, *wire.Config, ...grpc.CallOption) (*wire.Checked, error)

// begin makes the first call.
func (p *process) begin(ctx context.Context, s *settings, first firstCall) error {
	checked, err := first(p.plugin, ctx, &wire.Config{Interface: string(s.of), Json: s.config})
	switch code := status.Code(err); {
	case code == codes.OK:
		return faulty(checked)
	case code == codes.Unavailable || code == codes.Canceled || ctx.Err() != nil: // not by what the adaptor says
		return p.run.explain(ctx, fmt.Errorf("it can't be called: %s", wire.Text(status.Convert(err).Message())))
	case code == codes.Unimplemented:
		return &lacking{fmt.Sprintf("it has no %s: %s", s.of, wire.Text(status.Convert(err).Message()))}
	}
	return wire.Error(ctx, err)
}

// lacking is the error of a program that does not serve what is wanted of it.
type lacking struct{ text string }

func (l *lacking) Error() string { return l.text }
func (l *lacking) Unwrap() error { return errors.ErrUnsupported }

// follow waits for the end of the program, and has go-plugin clean up.
func (p *process) follow() {
	<-p.run.ended
	p.client.Kill() // nothing is killed: it has ended
	close(p.exited)
}

// end ends the program, and returns when it has ended.
func (p *process) end() {
	p.run.end(graceTimeout)
	if p.plugin == nil { // it was never connected: nobody follows it
		p.client.Kill()
		return
	}
	<-p.exited
}
