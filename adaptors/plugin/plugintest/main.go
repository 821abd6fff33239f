package plugintest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/adaptors/plugin"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// Main is the plugin, and does not return, where the environment says so.
func Main() {
	fault := Fault(os.Getenv(Env))
	if fault == "" {
		return
	}
	if fault != Deaf {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
	}
	before(fault)
	serve(fault)
}

// before does what comes before the protocol.
func before(fault Fault) {
	switch fault {
	case Exits:
		fmt.Fprintln(os.Stderr, "no disk today")
		os.Exit(3)
	case Garbage:
		fmt.Println("loading modules ...")
	case Endless:
		fmt.Print(strings.Repeat("0123456789", 1<<20))
		select {}
	case Silent:
		select {}
	case Slow:
		time.Sleep(time.Second)
	case TCP:
		say("tcp", "127.0.0.1:7")
	case Nobody:
		say("unix", filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "nobody"))
	case Mute:
		path := filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "mute")
		if _, err := net.Listen("unix", path); err != nil { // nobody accepts
			panic(err)
		}
		say("unix", path)
	case Plain:
		os.Unsetenv("PLUGIN_CLIENT_CERT")
	case Forks:
		child := exec.Command("/bin/sh", "-c", `trap "" HUP INT TERM; sleep 1000 & wait; wait`)
		if err := child.Start(); err != nil {
			panic(err)
		}
	case Chatty:
		go chatter(os.Stderr)
	}
}

// say prints where the plugin listens, and waits for ever.
func say(network, address string) {
	fmt.Printf("1|1|%s|%s|grpc|%s\n", network, address, certificate())
	select {}
}

// certificate returns one as the first line has it.
func certificate() string {
	public, private, _ := ed25519.GenerateKey(nil)
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		panic(err)
	}
	return base64.RawStdEncoding.EncodeToString(der)
}

// chatter writes 100 MB/s.
func chatter(to io.Writer) {
	lines := strings.Repeat(strings.Repeat("chatter ", 12)+"end\n", 10_000) // 1 MB
	for range time.Tick(10 * time.Millisecond) {
		if _, err := io.WriteString(to, lines); err != nil {
			return
		}
	}
}

func serve(fault Fault) {
	handshake := wire.Handshake()
	if fault == Version {
		handshake.ProtocolVersion = 7
	}
	kind := plugin.Store(func(ctx context.Context, c Config, env adaptors.Env) (adaptors.Store, error) {
		return open(ctx, fault, env)
	})
	if fault == OnlyMails {
		kind = plugin.Mailer(func(context.Context, Config, adaptors.Env) (adaptors.Mailer, error) {
			return nil, errors.ErrUnsupported
		})
	}
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         goplugin.PluginSet{wire.Name: &served{kind: kind}},
		Logger:          hclog.NewNullLogger(),
		GRPCServer: func(o []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(o, grpc.StreamInterceptor(streams), grpc.UnaryInterceptor(calls),
				grpc.ForceServerCodecV2(codec{encoding.GetCodecV2(proto.Name)}),
				grpc.MaxRecvMsgSize(wire.MaxMessage), grpc.InitialWindowSize(wire.Window), grpc.InitialConnWindowSize(wire.Window))...)
		},
	})
}

// Config is that of the store: all of it is only there to be wrong.
type Config struct {
	Size  int    `json:"size" doc:"how many bytes it may hold"`
	Place string `json:"place" doc:"where they are"`
}

func open(ctx context.Context, fault Fault, env adaptors.Env) (adaptors.Store, error) {
	switch fault {
	case Unopened:
		return nil, errors.New("the database does not answer")
	case Panics:
		panic("no such luck")
	case Loops:
		time.AfterFunc(50*time.Millisecond, func() { os.Exit(7) })
	}
	kind := memstore.Kind()
	made, err := kind.New(ctx, kind.Config(), env)
	if err != nil {
		return nil, err
	}
	return &store{made.(adaptors.Store), fault}, nil
}

// served is the plugin as go-plugin wants it.
type served struct {
	goplugin.NetRPCUnsupportedPlugin
	kind adaptors.Kind
}

func (s *served) GRPCServer(_ *goplugin.GRPCBroker, to *grpc.Server) error {
	plugin.Register(to, s.kind)
	return nil
}

func (s *served) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.ErrUnsupported
}
