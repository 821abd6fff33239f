package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// An answer is what a client sees of a reply that decides how much work it was.
type answer struct {
	status    int
	mediaType string
	tagged    bool // has an ETag
	size      int64
}

func (a answer) String() string {
	tag := "no ETag"
	if a.tagged {
		tag = "an ETag"
	}
	return fmt.Sprintf("status %d, type %q, %s, %d bytes", a.status, a.mediaType, tag, a.size)
}

// sameAnswer fails unless both servers answer a scenario well and alike.
func (b *bench) sameAnswer(ctx context.Context, s scenario, p pair) error {
	var answers [2]answer
	for i, server := range p {
		a, err := b.ask(ctx, s.of(i), server)
		if err != nil {
			return err
		}
		if a.status/100 != 2 && a.status != http.StatusSwitchingProtocols {
			return fmt.Errorf("%s answers %v", server.name, a)
		}
		if s.beside != "" {
			a.tagged = false // what a pipeline makes has no ETag
		}
		answers[i] = a
	}
	if answers[0] != answers[1] {
		return fmt.Errorf("the answers differ, so nothing can be compared: %s: %v; %s: %v",
			p[0].name, answers[0], p[1].name, answers[1])
	}
	return nil
}

// ask sends one request of a scenario.
func (b *bench) ask(ctx context.Context, s scenario, server *server) (answer, error) {
	if s.socket {
		return askSocket(ctx, "ws://"+server.address+s.path)
	}
	path, body := s.path, io.Reader(nil)
	if s.rotate {
		path, body = fmt.Sprintf(path, 0), strings.NewReader(b.data.document)
	}
	request, err := http.NewRequestWithContext(ctx, s.method, "http://"+server.address+path, body)
	if err != nil {
		return answer{}, err
	}
	for name, value := range b.headers(s) {
		request.Header.Set(name, value)
	}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	size, err := io.Copy(io.Discard, response.Body)
	return answer{
		status:    response.StatusCode,
		mediaType: response.Header.Get("Content-Type"),
		tagged:    response.Header.Get("ETag") != "",
		size:      size,
	}, err
}

// askSocket sends one message over a WebSocket.
func askSocket(ctx context.Context, url string) (answer, error) {
	socket, _, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = socket.CloseNow() }() // its answer has come
	c := caller{socket: socket}
	return answer{status: http.StatusSwitchingProtocols, size: messageSize}, c.exchange(ctx, make([]byte, messageSize))
}

// headers returns the header of a scenario's requests.
func (b *bench) headers(s scenario) map[string]string {
	headers := make(map[string]string)
	if s.signed {
		headers["Authorization"] = "Bearer " + b.token
	}
	if s.rotate {
		headers["Content-Type"] = "application/json"
	}
	return headers
}
