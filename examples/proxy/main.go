// Command proxy is what stands behind the mounts of this example: a shop, of
// which there may be several, and a chat.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		usage()
	}
	server := http.Server{Addr: os.Args[2], ReadHeaderTimeout: 5 * time.Second}
	switch os.Args[1] {
	case "shop":
		server.Handler = shop(server.Addr)
	case "chat":
		server.Handler = newChat()
	default:
		usage()
	}
	fmt.Fprintln(os.Stderr, os.Args[1], "on", server.Addr)
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: go run . shop|chat ADDRESS")
	os.Exit(2)
}
