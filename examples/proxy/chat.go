package main

import (
	"context"
	_ "embed"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"
)

//go:embed chat.html
var page string

// chat has what one says told to all.
type chat struct {
	mu      sync.Mutex
	members map[chan string]bool
}

func newChat() http.Handler {
	c := &chat{members: make(map[chan string]bool)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) })
	mux.HandleFunc("GET /socket", c.socket)
	return mux
}

// socket is one member from the first to the last word.
func (c *chat) socket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // it has answered
	}
	defer conn.CloseNow()
	heard := c.join()
	var telling sync.WaitGroup
	defer telling.Wait()
	defer c.leave(heard)
	telling.Go(func() { tell(r.Context(), conn, heard) })
	for {
		_, word, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		c.say(string(word))
	}
}

// tell writes what is heard until there is nothing more to hear.
func tell(ctx context.Context, conn *websocket.Conn, heard <-chan string) {
	for word := range heard {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := conn.Write(ctx, websocket.MessageText, []byte(word))
		cancel()
		if err != nil {
			_ = conn.CloseNow() // the reader ends, and closes what is heard
		}
	}
}

func (c *chat) join() chan string {
	c.mu.Lock()
	defer c.mu.Unlock()
	heard := make(chan string, 16)
	c.members[heard] = true
	return heard
}

func (c *chat) leave(heard chan string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.members, heard)
	close(heard)
}

// say tells all members; one who does not keep up misses a word.
func (c *chat) say(word string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for heard := range c.members {
		select {
		case heard <- word:
		default:
		}
	}
}
