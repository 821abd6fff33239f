package proxy

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/relay"
	"github.com/seed90475182/restspace/urlpattern"
)

// call is a request on its way to an upstream, or to one after the other.
type call struct {
	*proxy
	m     *bus.Message // as it came: each try sends a message of its own
	root  *bus.Root    // nil in background work
	tried upstreamSet
	tries int
	start time.Time
	wrong failures // of upstreams, so far
	sent  *upload  // of the last try; nil where the body is no stream
}

func (p *proxy) newCall(ctx context.Context, m *bus.Message) (*call, error) {
	if err := relay.Prepare(m); err != nil {
		return nil, err
	}
	return &call{proxy: p, m: m, root: bus.RootOf(ctx), start: time.Now()}, nil
}

// end lets go of what came with the request.
func (c *call) end() { _ = c.m.Close() }

// note tells the log who has answered. A call from inside is not what the
// request itself is.
func (c *call) note(last outcome) {
	if c.root != nil && c.m.Depth == 0 && last.from != nil {
		seen := &c.root.Seen
		seen.Upstream, seen.Tries, seen.Waited = last.from.Host, c.tries, time.Since(c.start)
	}
}

// outcome is what a try led to: a reply or an error.
type outcome struct {
	reply *bus.Message
	err   error
	why   error     // the upstream failed; nil: it did not
	from  *upstream // nil: none was tried
	again bool      // another try may do better, and does no harm
}

// try sends the request to one upstream.
func (c *call) try(ctx context.Context) outcome {
	u := c.choose(c.tried)
	if u == nil {
		return outcome{err: c.unavailable()}
	}
	c.tried = c.tried.with(u.at)
	c.tries++
	v, why := unknown, error(nil)
	defer func() { u.record(v, why) }() // also in a panic: a breaker that hears nothing waits for ever
	url, err := u.url(c.m)
	if err != nil {
		return outcome{err: err, from: u}
	}
	u.inFlight.Add(1)
	allowed := bus.NewAllowance(ctx, c.timeout)
	release := func() { allowed.End(); u.inFlight.Add(-1) }
	reply, err := c.bus.Serve(allowed, c.request(url, allowed))
	allowed.Lift()
	if late := allowed.Err(); errors.Is(late, context.DeadlineExceeded) {
		_ = reply.Close()
		reply, err = nil, late
	}
	var out outcome
	out, v = c.judge(reply, err)
	out.from, why = u, out.why
	if v == bad {
		c.log.Debug("try failed", "upstream", u.Host, "error", why, "again", out.again)
		c.wrong.add(u.Host, why)
	}
	if reply == nil || reply.Body.Stream() == nil {
		release()
	} else {
		reply.Body.OnClose(release)
	}
	return out
}

// request returns the message of one try.
func (c *call) request(url urlpattern.URL, allowed *bus.Allowance) *bus.Message {
	r := c.m.Call(c.m.Method, url, nil)
	r.Header = c.fields.request(c.m, c.root)
	switch {
	case c.m.Body.Stream() != nil:
		r.Body, c.sent = newUpload(c.m.Body, allowed)
	case c.m.Body != nil:
		data, _ := c.m.Body.Bytes(c.m.Body.Size()) // which are there
		r.Body = bus.NewBody(data, c.m.Body.MediaType())
	}
	return r
}

// judge returns what a try has led to, and what that says about its upstream.
func (c *call) judge(reply *bus.Message, err error) (outcome, verdict) {
	if err == nil {
		if !gatewayFailed(reply.Status) {
			return outcome{reply: reply}, good
		}
		busy := reply.Status == http.StatusServiceUnavailable && reply.Header.Has("Retry-After")
		return outcome{reply: reply, why: answered(reply.Status), again: !busy && c.harmless()}, bad
	}
	if broken := c.sent.failure(); broken != nil {
		return outcome{err: broken}, unknown
	}
	told := relay.Complaint(c.name, err)
	if told == nil {
		return outcome{err: err}, unknown
	}
	again := told.Type == bus.TypeUnreachable && !c.sent.begun() || c.harmless()
	return outcome{err: told, why: cmp.Or(told.Err, error(told)), again: again}, bad
}

// gatewayFailed reports whether a status is that of a server that was not
// there to answer.
func gatewayFailed(status int) bool {
	return status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// harmless reports whether the request may be sent twice (RFC 9110 section
// 9.2.2) and still can.
func (c *call) harmless() bool {
	return c.m.Method != http.MethodPost && c.m.Method != http.MethodPatch && !c.sent.begun()
}
