package host

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed90475182/restspace/adaptors"
)

// Kind returns what a program serves, as a Kind for the configuration. The
// program has to be there and fit to be run; it is not started.
func Kind(p adaptors.Plugin, of adaptors.Interface) (adaptors.Kind, error) {
	if _, err := checkProgram(&p); err != nil {
		return adaptors.Kind{}, err
	}
	return adaptors.Kind{
		Name:   p.Path,
		Of:     of,
		Config: func() any { return &adaptors.RawConfig{} },
		Ask: func(ctx context.Context, config any, env adaptors.Env) error {
			return ask(ctx, settingsOf(p, of, config), env)
		},
		New: func(ctx context.Context, config any, env adaptors.Env) (any, error) {
			return open(ctx, settingsOf(p, of, config), env)
		},
	}, nil
}

// settings are all that makes one process other than another.
type settings struct {
	adaptors.Plugin
	of     adaptors.Interface
	config []byte // an object in JSON
}

func settingsOf(p adaptors.Plugin, of adaptors.Interface, config any) *settings {
	raw := *config.(*adaptors.RawConfig)
	if len(raw) == 0 {
		raw = []byte("{}")
	}
	if p.Timeout == 0 {
		p.Timeout = defaultTimeout
	}
	return &settings{p, of, raw}
}

// poolKey is what a process is shared under.
type poolKey string

// key returns that of the program that is there now: another one is started
// beside it.
func (s *settings) key(program identity) poolKey {
	var env []string
	for name, value := range s.Env {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return poolKey(fmt.Sprintf("%q %q %q %q %s %s %q", s.Path, program, s.SHA256, env, s.Timeout, s.of, s.config))
}

// open returns the adaptor of a program that has been started. The caller closes
// it.
func open(ctx context.Context, s *settings, env adaptors.Env) (any, error) {
	program, err := checkProgram(&s.Plugin)
	if err != nil {
		return nil, err
	}
	shared, release, err := adaptors.Share(env.Pool, s.key(program), func() (*supervisor, error) {
		return supervise(ctx, s, env.Log)
	})
	if err != nil {
		return nil, err
	}
	p := plugin{supervisor: shared, release: release}
	switch s.of {
	case adaptors.StoreInterface:
		return &Store{p}, nil
	case adaptors.MailerInterface:
		return &Mailer{p}, nil
	default:
		return &Engine{p}, nil
	}
}

// plugin is one mount's part in a supervised program.
type plugin struct {
	*supervisor
	release func() error
}

// Close gives up the adaptor. The program ends with the last one.
func (p *plugin) Close() error { return p.release() }
