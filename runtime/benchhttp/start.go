package main

import (
	"context"
	"fmt"
	"time"
)

const (
	startServices = 100 // in the configuration of the scenario start
	startTimes    = 10  // how often each server starts
	idleTime      = 2 * time.Second
)

// start measures how long each server takes from its execution to its first
// good answer, and how much memory it has when nothing happens afterwards.
func start(ctx context.Context, b *bench, _ scenario) (*comparison, error) {
	c := new(comparison)
	served := &site{services: b.data.manyServices()}
	for round := range startTimes + 1 { // the first makes the directories
		for side, launch := range b.launchers(served) {
			server, err := launch(ctx)
			if err != nil {
				return nil, err
			}
			err = server.ready(ctx)
			if round > 0 {
				c.add(firstAnswer, side, float64(time.Since(server.began).Microseconds())/1e3)
			}
			if err == nil && round == startTimes {
				err = c.rest(ctx, side, server)
			}
			server.stop()
			if err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// rest adds the memory of a server that has rested for a while.
func (c *comparison) rest(ctx context.Context, side int, s *server) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(idleTime):
	}
	megabytes, err := s.memory(idleMemory)
	c.add(idleRSS, side, megabytes)
	return err
}

// manyServices returns services of every sort, the first of which answers
// readyPath.
func (d *data) manyServices() []any {
	services := make([]any, startServices)
	for i := range services {
		name := fmt.Sprintf("s%03d", i)
		service := map[string]any{"name": name, "basePath": "/" + name, "readRoles": "all", "service": "json"}
		switch {
		case i == 0:
			service["basePath"], service["service"] = "/lib", "lib"
		case i%3 == 0:
			service["service"] = "lib"
		case i%3 == 1:
			service["adaptor"] = "memory"
		default:
			service["adaptor"], service["adaptorConfig"] = "file", map[string]any{"root": d.path("start", name)}
		}
		services[i] = service
	}
	return services
}
