package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"
)

// messageSize is that of the messages over WebSockets.
const messageSize = 1 << 10

// runSockets is to WebSockets what wrk is to requests: each connection sends a
// message when the last one has come back. A request of its summary is a
// message there and back.
func runSockets(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("benchhttp sockets", flag.ContinueOnError)
	url := flags.String("url", "ws://127.0.0.1:3102"+socketPath, "`URL` of the WebSocket")
	connections := flags.Int("connections", 1, "how many are open at once")
	duration := flags.Duration("duration", time.Second, "how long to send")
	if err := parse(flags, args, stderr); err != nil {
		return err
	}
	callers := make([]*caller, *connections)
	for i := range callers {
		socket, _, err := websocket.Dial(ctx, *url, nil)
		if err != nil {
			return err
		}
		defer func() { _ = socket.CloseNow() }() // all that counts has come
		callers[i] = &caller{socket: socket}
	}
	began := time.Now()
	var group errgroup.Group
	for _, c := range callers {
		group.Go(func() error { return c.call(ctx, began.Add(*duration)) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(summarize(callers, time.Since(began)))
}

// A caller has one connection.
type caller struct {
	socket    *websocket.Conn
	latencies []time.Duration
}

// call sends messages until a time.
func (c *caller) call(ctx context.Context, until time.Time) error {
	message := bytes.Repeat([]byte{'x'}, messageSize)
	for sent := time.Now(); sent.Before(until); {
		if err := c.exchange(ctx, message); err != nil {
			return err
		}
		now := time.Now()
		c.latencies = append(c.latencies, now.Sub(sent))
		sent = now
	}
	return nil
}

// exchange sends a message and waits until it comes back.
func (c *caller) exchange(ctx context.Context, message []byte) error {
	if err := c.socket.Write(ctx, websocket.MessageBinary, message); err != nil {
		return err
	}
	kind, back, err := c.socket.Read(ctx)
	if err == nil && (kind != websocket.MessageBinary || !bytes.Equal(back, message)) {
		err = fmt.Errorf("another message came back, of %d bytes", len(back))
	}
	return err
}

// summarize counts what callers have sent in some time.
func summarize(callers []*caller, took time.Duration) summary {
	var all []time.Duration
	for _, c := range callers {
		all = append(all, c.latencies...)
	}
	s := summary{Requests: int64(len(all)), Microseconds: took.Microseconds()}
	if len(all) > 0 {
		slices.Sort(all)
		s.P50 = float64(all[len(all)/2].Microseconds())
		s.P99 = float64(all[len(all)*99/100].Microseconds())
	}
	return s
}
