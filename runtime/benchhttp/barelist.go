package main

import (
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/julienschmidt/httprouter"
	"golang.org/x/sys/unix"
)

// pageLimit is how many names a page has unless the request asks for fewer.
const pageLimit = 10_000

// A lister answers with the names in a directory.
type lister struct{ root *os.Root }

// list makes one pass over the directory, as whoever looks for the first names
// has to, and answers with those that it met first: it does not sort.
func (s lister) list(w http.ResponseWriter, r *http.Request, _ httprouter.Params) {
	take := pageLimit
	if text := r.URL.Query().Get("$take"); text != "" {
		var err error
		if take, err = strconv.Atoi(text); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	found, err := s.names(take)
	if err != nil {
		fail(w, err)
		return
	}
	body := []byte{'['}
	for i, name := range found {
		if i > 0 {
			body = append(body, ',')
		}
		body = strconv.AppendQuote(body, name)
	}
	body = append(body, ']')
	w.Header().Set("Content-Type", "inode/directory+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // the client has gone
}

// names returns some names that are not hidden, after a pass over all.
func (s lister) names(take int) ([]string, error) {
	directory, err := s.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	found := make([]string, 0, take)
	buffer := make([]byte, bufferSize)
	for {
		n, err := unix.ReadDirent(int(directory.Fd()), buffer)
		if err != nil || n == 0 {
			return found, err
		}
		for rest := buffer[:n]; len(rest) > 0 && len(found) < take; {
			consumed, _, more := unix.ParseDirent(rest, take-len(found), found)
			found = slices.DeleteFunc(more, func(name string) bool { return strings.HasPrefix(name, ".") })
			rest = rest[consumed:]
		}
	}
}
