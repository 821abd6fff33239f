package main

import (
	"context"
	"flag"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/julienschmidt/httprouter"
)

// socketPath is where the upstream sends each message back.
const socketPath = "/socket"

// serveUpstream is what both proxies pass requests on to, until ctx ends.
func serveUpstream(ctx context.Context, args []string, _, stderr io.Writer) error {
	flags := flag.NewFlagSet("benchhttp upstream", flag.ContinueOnError)
	address := flags.String("listen", "127.0.0.1:3102", "`address` to serve")
	if err := parse(flags, args, stderr); err != nil {
		return err
	}
	return serve(ctx, *address, upstreamRouter())
}

// upstreamRouter returns handlers that answer out of memory.
func upstreamRouter() *httprouter.Router {
	router := httprouter.New()
	router.GET(readyPath, ready)
	router.GET("/"+smallDocument, same("application/json", document(1<<10)))
	router.GET("/"+firstDocument, same("application/json", firstContent))
	router.GET("/"+largeFile, same("application/octet-stream", strings.Repeat("x", 10<<20)))
	router.GET(socketPath, echo)
	router.GET(slowPath, slow(same("application/json", document(1<<10))))
	return router
}

// same answers with the same content each time.
func same(mediaType, content string) httprouter.Handle {
	body, size := []byte(content), strconv.Itoa(len(content))
	return func(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) {
		header := w.Header()
		header.Set("Content-Type", mediaType)
		header.Set("Content-Length", size)
		header.Set("ETag", `"same"`)
		_, _ = w.Write(body) // the client has gone
	}
}

// slow answers after a while.
func slow(answer httprouter.Handle) httprouter.Handle {
	return func(w http.ResponseWriter, r *http.Request, p httprouter.Params) {
		time.Sleep(slowTime)
		answer(w, r, p)
	}
}

// echo sends each message of a WebSocket back, until the client closes it.
func echo(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	socket, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // it has answered
	}
	defer func() { _ = socket.CloseNow() }() // closed already, or broken
	for {
		kind, message, err := socket.Read(r.Context())
		if err != nil {
			return
		}
		if err := socket.Write(r.Context(), kind, message); err != nil {
			return
		}
	}
}
