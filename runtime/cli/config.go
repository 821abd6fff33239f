package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/config"
)

// source returns the name of the configuration, as messages show it, and its
// bytes.
func (r *run) source(ctx context.Context) (name string, data []byte, err error) {
	if r.isShared() {
		return r.readShared(ctx)
	}
	name = filepath.Clean(r.config)
	data, err = os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return name, nil, absent(name)
	}
	return name, data, err
}

// absent is the error for a configuration whose file is not there.
func absent(name string) error {
	return fmt.Errorf("there is no file %s: write it (restspace help services lists what it can mount), or say with --config FILE where it is", name)
}

// parse checks a configuration. It opens nothing of what that names.
func (r *run) parse(name string, data []byte) (*config.Config, error) {
	kinds := config.Kinds{Services: r.Services, Adaptors: r.Adaptors}
	return config.Parse(name, data, kinds, config.Lookup{Env: r.lookup, ReadFile: os.ReadFile, Own: r.own()})
}

// parseAsking is parse, with the plugins asked what they make of their configs.
func (r *run) parseAsking(ctx context.Context, name string, data []byte) (*config.Config, error) {
	kinds := config.Kinds{Services: r.Services, Adaptors: r.Adaptors}
	ask := func(kind adaptors.Kind, config any) error {
		return kind.Ask(ctx, config, adaptors.Env{Name: "check", Log: slog.New(slog.DiscardHandler)})
	}
	return config.Parse(name, data, kinds, config.Lookup{Env: r.lookup, ReadFile: os.ReadFile, Own: r.own(), Ask: ask})
}

// configuration reads and checks the configuration.
func (r *run) configuration(ctx context.Context) (*config.Config, error) {
	name, data, err := r.source(ctx)
	if err != nil {
		return nil, err
	}
	return r.parse(name, data)
}

// options returns the options of a runtime, which may listen to the network.
func (r *run) options(listen bool) runtime.Options {
	return runtime.Options{Services: r.Services, Adaptors: r.Adaptors, Version: r.Version, LogTo: r.stderr, Env: r.lookup, Listen: listen}
}

// countOf returns how many services conf has, in words.
func countOf(conf *config.Config) string {
	if len(conf.Services) == 1 {
		return "1 service"
	}
	return fmt.Sprintf("%d services", len(conf.Services))
}

// readFile returns the content of a file that an argument names; - is standard
// input.
func (r *run) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(r.stdin)
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s", name)
	}
	return data, err
}
