package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

// A storm is of so many logins a second, all with wrong passwords, beside so many
// other requests on a few connections.
const (
	stormRate = 200
	otherRate = 1000

	otherConnections = 64
)

// inNetwork is how many logins a storm makes from one network: fewer than have it
// wait.
const inNetwork = 50

// stormUser has the token of the other requests too.
const stormUser = "ann@example.com"

// storm measures how long other requests take in a storm, and while nobody signs
// in, in turns. The server has both cores, since one of them is what hashing is to
// leave to others.
func storm(ctx context.Context, b *bench, s scenario) (*comparison, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // or this program is slow at times itself
	server, err := b.startStormed(ctx)
	if err != nil {
		return nil, err
	}
	defer server.stop()
	w := &weather{bench: b, scenario: s, server: server}
	c := new(comparison)
	for round := range b.rounds + 1 { // the first warms up
		for side, rate := range [2]int{stormSide: stormRate, quietSide: 0} {
			counted, logins, err := w.round(ctx, rate)
			if err != nil {
				return nil, err
			}
			if round == 0 {
				continue
			}
			c.add(p50, side, counted.P50/1e3)
			c.add(p99, side, counted.P99/1e3)
			if rate > 0 {
				for m, status := range map[metric]int{checkedLogins: 401, throttledLogins: 429, busyLogins: 503} {
					c.add(m, side, float64(logins[status])/float64(b.seconds))
				}
			}
		}
	}
	return c, nil
}

// startStormed starts a server with users. The caller stops it.
func (b *bench) startStormed(ctx context.Context) (*server, error) {
	users := b.data.path("users")
	if err := os.MkdirAll(users, 0o700); err != nil {
		return nil, err
	}
	record := fmt.Sprintf(`{"email":%q,"roles":"U"}`, stormUser)
	if err := os.WriteFile(b.data.path("users", stormUser+".json"), []byte(record), 0o600); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	site := &site{users: true, limits: proxyLimits(), services: append(b.data.mounts(),
		map[string]any{"name": "auth", "basePath": "/auth", "service": "auth", "readRoles": "all", "writeRoles": "all"},
		map[string]any{"name": "users", "basePath": "/users", "service": "user", "readRoles": "none",
			"adaptor": "file", "adaptorConfig": map[string]any{"root": users}})}
	config, err := b.data.writeConfiguration(address, site)
	if err != nil {
		return nil, err
	}
	server, err := launch(ctx, serverCore+","+clientCore, "restspace", address, b.restspace, "serve", "--config", config)
	if err != nil {
		return nil, err
	}
	if err := server.ready(ctx); err != nil {
		server.stop()
		return nil, err
	}
	return server, nil
}

// weather makes requests at a steady rate, however long the answers take.
type weather struct {
	*bench
	scenario scenario
	server   *server
	tried    int // logins so far

	mu     sync.Mutex
	others caller      // their latencies
	logins map[int]int // by status
	err    error
}

// round makes the requests of a round, among them so many logins a second.
func (w *weather) round(ctx context.Context, rate int) (others summary, logins map[int]int, err error) {
	w.others, w.logins, w.err = caller{}, make(map[int]int), nil
	transport := &http.Transport{MaxConnsPerHost: otherConnections, MaxIdleConnsPerHost: otherConnections}
	defer transport.CloseIdleConnections()
	began := time.Now()
	took := time.Duration(w.seconds) * time.Second
	var all sync.WaitGroup
	all.Go(func() { steadily(ctx, otherRate, took, func() { w.other(ctx, transport) }) })
	if rate > 0 {
		all.Go(func() { steadily(ctx, rate, took, func() { w.login(ctx) }) })
	}
	all.Wait()
	return summarize([]*caller{&w.others}, time.Since(began)), w.logins, w.err
}

// steadily calls do so many times a second, and waits for all calls.
func steadily(ctx context.Context, rate int, took time.Duration, do func()) {
	interval := time.Second / time.Duration(rate)
	began := time.Now()
	var calls sync.WaitGroup
	defer calls.Wait()
	for due := time.Duration(0); due < took && ctx.Err() == nil; due += interval {
		time.Sleep(time.Until(began.Add(due)))
		calls.Go(do)
	}
}

// note keeps the first error.
func (w *weather) note(err error) {
	if err != nil && w.err == nil {
		w.err = err
	}
}

// other makes a request that has nothing to do with logins.
func (w *weather) other(ctx context.Context, transport http.RoundTripper) {
	sent := time.Now()
	status, err := w.send(ctx, transport, w.server.address, w.scenario.method, w.scenario.path, nil, w.headers(w.scenario))
	took := time.Since(sent)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s answers %d", w.scenario.path, status)
	}
	w.note(err)
	w.others.latencies = append(w.others.latencies, took)
}

// login tries a wrong password, on a connection of its own: of the user, or of one
// who does not exist.
func (w *weather) login(ctx context.Context) {
	w.mu.Lock()
	n := w.tried
	w.tried++
	w.mu.Unlock()
	email, network := stormUser, n/inNetwork%w.scenario.networks
	if n%inNetwork >= 5 { // one who fails more often would have to wait
		email = fmt.Sprintf("nobody-%d@example.com", n)
	}
	body, err := json.Marshal(map[string]string{"email": email, "password": fmt.Sprintf("a wrong one %d", n)})
	status := 0
	if err == nil {
		from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, byte(1+network>>8), byte(network), 1)}}
		transport := &http.Transport{DialContext: from.DialContext, DisableKeepAlives: true}
		status, err = w.send(ctx, transport, w.server.address, http.MethodPost, "/auth/login", body, map[string]string{"Content-Type": "application/json"})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(err)
	w.logins[status]++
}

// send makes a request and reads its answer.
func (b *bench) send(ctx context.Context, transport http.RoundTripper, address, method, path string, body []byte, header map[string]string) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}
