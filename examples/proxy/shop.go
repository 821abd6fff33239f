package main

import (
	"fmt"
	"net/http"
)

// shop returns a server that says its own name, so that one can see which one
// has answered.
func shop(name string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"item": %q, "shop": %q}`+"\n", r.PathValue("id"), name)
	})
	return mux
}
