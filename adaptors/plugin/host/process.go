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

	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// graceTimeout is how long a program may take to end by itself.
const graceTimeout = 2 * time.Second

// process is a program that runs.
type process struct {
	client *goplugin.Client
	run    *execution
	pid    int
	exited chan struct{} // closed when it has ended
	asked  atomic.Bool   // whether it is there: somebody does

	plugin wire.PluginClient
	store  wire.StoreClient
	mailer wire.MailerClient
	engine wire.EngineClient
}

// start starts a program and opens its adaptor.
func start(ctx context.Context, s *settings, log *slog.Logger) (*process, error) {
	p, err := launch(s, log)
	if err != nil {
		return nil, err
	}
	if err := p.open(ctx, s); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

// launch starts a program, up to where it can be called.
func launch(s *settings, log *slog.Logger) (*process, error) {
	if err := checkProgram(&s.Plugin); err != nil {
		return nil, err
	}
	p := &process{run: newExecution(s, log), exited: make(chan struct{})}
	p.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  wire.Handshake(),
		Plugins:          goplugin.PluginSet{wire.Name: &connected{}},
		RunnerFunc:       p.run.runner,
		SkipHostEnv:      true,
		AutoMTLS:         true,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		StartTimeout:     startTimeout,
		Logger:           hclog.NewNullLogger(),
		SyncStdout:       p.run.output,
		SyncStderr:       p.run.output,
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithInitialWindowSize(wire.Window),
			grpc.WithInitialConnWindowSize(wire.Window),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(wire.MaxMessage), grpc.MaxCallSendMsgSize(wire.MaxMessage)),
		},
	})
	conn, err := p.connect()
	if err != nil {
		err = p.run.explain(err)
		p.end()
		return nil, err
	}
	p.pid = p.run.pid()
	p.plugin, p.store = wire.NewPluginClient(conn), wire.NewStoreClient(conn)
	p.mailer, p.engine = wire.NewMailerClient(conn), wire.NewEngineClient(conn)
	go func() {
		defer close(p.exited)
		<-p.run.ended
		p.client.Kill() // cleans up: the process has ended
	}()
	return p, nil
}

// connect starts the program and connects to it.
func (p *process) connect() (grpc.ClientConnInterface, error) {
	protocol, err := p.client.Client()
	if err != nil {
		return nil, err
	}
	conn, err := protocol.Dispense(wire.Name)
	if err != nil {
		return nil, err
	}
	return conn.(grpc.ClientConnInterface), nil
}

// connected gives the connection to the plugin as it is.
type connected struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (*connected) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error { return errors.ErrUnsupported }

func (*connected) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}

// open opens the adaptor.
func (p *process) open(ctx context.Context, s *settings) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	checked, err := p.plugin.Open(ctx, &wire.Config{Interface: string(s.of), Json: s.config})
	if err != nil {
		return p.run.explain(fmt.Errorf("open: %w", wire.Error(ctx, err)))
	}
	return faulty(checked)
}

// end ends the program, and returns when it has ended.
func (p *process) end() {
	p.run.end(graceTimeout)
	p.client.Kill() // cleans up: the process has ended
}

// why returns how it ended.
func (p *process) why() error {
	if p.run.err != nil {
		return p.run.err
	}
	return errors.New("exit status 0")
}
