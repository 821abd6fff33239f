package lib

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/urlpattern"
)

// maxDelay is the longest time that a request may ask to wait.
const maxDelay = time.Minute

func (library) setStatus(_ context.Context, m *bus.Message, args services.Args) (*bus.Message, error) {
	status, err := parseStatus(args[0])
	if err != nil {
		return nil, err
	}
	switch {
	case status == http.StatusNoContent, status == http.StatusResetContent, status == http.StatusNotModified: // these have no body
		_ = m.Body.Close()
		m.Body = nil
	case len(args) > 1:
		m = withText(m, args[1])
	case m.Body == nil:
		m = withText(m, http.StatusText(status))
	}
	return pass(m, status), nil
}

func parseStatus(text string) (int, error) {
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil || number < 200 || number > 599 {
		return 0, bus.Errorf(http.StatusBadRequest, "%q is not a status: write a number from 200 to 599, as in /set-status/404", text)
	}
	return int(number), nil
}

// withText replaces the body of m with a text.
func withText(m *bus.Message, text string) *bus.Message {
	_ = m.Body.Close()
	m.Body = bus.NewBody([]byte(text), "text/plain; charset=utf-8")
	return m
}

func (library) redirect(status int) services.Route {
	return func(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
		if path := m.ServicePath()[1:]; len(path) > 0 && path[0] == "" { // two slashes would name a host
			return nil, bus.Errorf(http.StatusBadRequest, "the path begins with two slashes: write one on this server, as in /redirect/done")
		}
		target := urlpattern.URL{Path: m.ServicePath()[1:], Dir: m.URL.Dir, Query: m.URL.Query}
		location := target.String()
		_ = m.Body.Close()
		m.Body = nil
		reply := pass(m, status)
		reply.Header.Set("Location", location)
		return reply, nil
	}
}

func (library) delay(ctx context.Context, m *bus.Message, args services.Args) (*bus.Message, error) {
	wait, err := parseDelay(args[0])
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return pass(m, http.StatusOK), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func parseDelay(text string) (time.Duration, error) {
	ms, err := strconv.Atoi(text)
	if err != nil || ms < 0 || ms > int(maxDelay/time.Millisecond) {
		return 0, bus.Errorf(http.StatusBadRequest, "%q is not a delay: write milliseconds from 0 to %d, as in /delay/250",
			text, maxDelay.Milliseconds())
	}
	return time.Duration(ms) * time.Millisecond, nil
}
