package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// A pair is restspace and the bare server, in the order of the sides of a
// comparison.
type pair [2]*server

// launchers returns what starts each side. They do not wait until it serves.
func (b *bench) launchers(s *site) [2]func(context.Context) (*server, error) {
	return [2]func(context.Context) (*server, error){
		func(ctx context.Context) (*server, error) {
			address, err := freeAddress()
			if err != nil {
				return nil, err
			}
			config, err := b.data.writeConfiguration(address, s)
			if err != nil {
				return nil, err
			}
			return launch(ctx, serverCore, "restspace", address, b.restspace, "serve", "--config", config)
		},
		func(ctx context.Context) (*server, error) {
			address, err := freeAddress()
			if err != nil {
				return nil, err
			}
			command := []string{b.self, "bare", "-listen", address, "-root", b.data.dir}
			if s.upstream != nil {
				command = append(command, "-upstream", s.upstream.address)
			}
			return launch(ctx, serverCore, "bare", address, command...)
		},
	}
}

// startPair starts both servers of a scenario and waits until they serve. The
// caller stops them.
func (b *bench) startPair(ctx context.Context, s scenario, served *site) (p pair, err error) {
	for i, launch := range b.launchers(served) {
		if i == bareSide && s.beside != "" {
			p[i] = p[restspaceSide] // at another path
			break
		}
		if p[i], err = launch(ctx); err == nil {
			err = p[i].ready(ctx)
		}
		if err != nil {
			p.stop()
			return p, err
		}
	}
	return p, nil
}

// stop ends both servers and waits for their end.
func (p pair) stop() {
	for _, s := range p {
		if s != nil {
			s.stop()
		}
	}
}

// sign returns a token of a user with the role U.
func (b *bench) sign(ctx context.Context) (string, error) {
	config, err := b.data.writeConfiguration("127.0.0.1:0", &site{services: b.data.mounts()})
	if err != nil {
		return "", err
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, b.restspace, "token", "ann@example.com", "--roles", "U", "--config", config)
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("restspace token: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(output)), nil
}
