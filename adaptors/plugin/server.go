package plugin

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// server is the wire.Plugin of a program, and holds what it has opened.
type server struct {
	wire.UnimplementedPluginServer
	kinds map[adaptors.Interface]adaptors.Kind
	begin func() // is called by Open, before anything of the adaptor's

	opening sync.Mutex   // one at a time
	mu      sync.RWMutex // guards what follows
	opened  map[adaptors.Interface]any
	stop    func() // ends all calls, and waits for them

	ending sync.Once
}

// newServer panics where there is nothing to serve, where two kinds have one
// interface, or one has none.
func newServer(kinds []adaptors.Kind) *server {
	if len(kinds) == 0 {
		panic("plugin: there is no kind to serve")
	}
	s := &server{kinds: make(map[adaptors.Interface]adaptors.Kind), begin: func() {}, stop: func() {}, opened: make(map[adaptors.Interface]any)}
	for _, k := range kinds {
		switch k.Of {
		case adaptors.StoreInterface, adaptors.MailerInterface, adaptors.EngineInterface:
		default:
			panic(fmt.Sprintf("plugin: the kind %q is of the unknown interface %q", k.Name, k.Of))
		}
		if _, ok := s.kinds[k.Of]; ok {
			panic(fmt.Sprintf("plugin: two kinds are of the interface %s: serve one", k.Of))
		}
		s.kinds[k.Of] = k
	}
	return s
}

func (s *server) register(to grpc.ServiceRegistrar) {
	wire.RegisterPluginServer(to, s)
	if _, ok := s.kinds[adaptors.StoreInterface]; ok {
		wire.RegisterStoreServer(to, &storeServer{server: s})
	}
	if _, ok := s.kinds[adaptors.MailerInterface]; ok {
		wire.RegisterMailerServer(to, &mailerServer{server: s})
	}
	if _, ok := s.kinds[adaptors.EngineInterface]; ok {
		wire.RegisterEngineServer(to, &engineServer{server: s})
	}
}

// Describe is part of wire.PluginServer.
func (s *server) Describe(context.Context, *wire.DescribeRequest) (*wire.Description, error) {
	d := &wire.Description{Interfaces: s.interfaces()}
	first := s.kinds[adaptors.Interface(d.Interfaces[0])]
	d.Name, d.Doc = nameOf(first), first.Doc
	if info, ok := debug.ReadBuildInfo(); ok {
		d.Version = info.Main.Version
	}
	return d, nil
}

// interfaces returns those that there is a kind of: one or more.
func (s *server) interfaces() (list []string) {
	for _, of := range []adaptors.Interface{adaptors.StoreInterface, adaptors.MailerInterface, adaptors.EngineInterface} {
		if _, ok := s.kinds[of]; ok {
			list = append(list, string(of))
		}
	}
	return list
}

// nameOf returns the name of a kind, which is that of the program where it has
// none.
func nameOf(k adaptors.Kind) string { return cmp.Or(k.Name, filepath.Base(os.Args[0])) }

// Check is part of wire.PluginServer.
func (s *server) Check(_ context.Context, c *wire.Config) (*wire.Checked, error) {
	_, _, faults, err := s.config(c)
	return &wire.Checked{Faults: faults}, err
}

// config decodes a config for the kind of its interface.
func (s *server) config(c *wire.Config) (k adaptors.Kind, config any, faults []*wire.Fault, err error) {
	k, ok := s.kinds[adaptors.Interface(c.GetInterface())]
	if !ok {
		return k, nil, nil, status.Errorf(codes.Unimplemented, "it serves %s", strings.Join(s.interfaces(), ", "))
	}
	config = k.Config()
	return k, config, decode(c.GetJson(), config), nil
}

// Open is part of wire.PluginServer.
func (s *server) Open(ctx context.Context, c *wire.Config) (*wire.Checked, error) {
	k, config, faults, err := s.config(c)
	if err != nil || len(faults) > 0 {
		return &wire.Checked{Faults: faults}, err
	}
	s.opening.Lock()
	defer s.opening.Unlock()
	if _, ok := s.made()[k.Of]; ok {
		return nil, status.Errorf(codes.Internal, "the %s is open already", k.Of)
	}
	s.begin()
	made, err := k.New(ctx, config, adaptors.Env{Name: nameOf(k), Log: logger()})
	if err != nil {
		return nil, wire.Status(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened[k.Of] = made
	return &wire.Checked{}, nil
}

// made returns what is open.
func (s *server) made() map[adaptors.Interface]any {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.opened)
}

// stopWith has end call stop.
func (s *server) stopWith(stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop = stop
}

// endTimeout is for how long a program closes what it has: its server waits for
// twice that.
const endTimeout = time.Second

// end ends the calls and closes what is open.
func (s *server) end() {
	s.ending.Do(func() {
		s.mu.RLock()
		stop := s.stop
		s.mu.RUnlock()
		done := make(chan struct{})
		go func() {
			defer close(done)
			stop()
			for of, made := range s.made() {
				if closer, ok := made.(io.Closer); ok {
					if err := closer.Close(); err != nil {
						logger().Error("it can't be closed", "interface", of, "error", err)
					}
				}
			}
		}()
		select {
		case <-done:
		case <-time.After(endTimeout):
		}
	})
}

// Health is part of wire.PluginServer.
func (s *server) Health(context.Context, *wire.HealthRequest) (*wire.HealthReply, error) {
	for _, made := range s.made() {
		if h, ok := made.(interface{ Health() error }); ok {
			if err := h.Health(); err != nil {
				return &wire.HealthReply{Problem: err.Error()}, nil
			}
		}
	}
	return &wire.HealthReply{}, nil
}

// adaptor returns what Open has made.
func adaptor[A any](s *server, of adaptors.Interface) (a A, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	a, ok := s.opened[of].(A)
	if !ok {
		return a, status.Errorf(codes.Internal, "the %s is not open: call Open first", of)
	}
	return a, nil
}
