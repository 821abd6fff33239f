package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/julienschmidt/httprouter"
)

// serveBare is the bare server, until ctx ends.
func serveBare(ctx context.Context, args []string, _, stderr io.Writer) error {
	flags := flag.NewFlagSet("benchhttp bare", flag.ContinueOnError)
	address := flags.String("listen", "127.0.0.1:3101", "`address` to serve")
	dir := flags.String("root", ".", "the `directory` of the data")
	upstream := flags.String("upstream", "", "the `address` that requests for "+proxyPath+" and "+farPath+" are passed on to; none if empty")
	if err := parse(flags, args, stderr); err != nil {
		return err
	}
	router, err := bareRouter(*dir)
	if err != nil {
		return err
	}
	if *upstream != "" {
		router.Handler(http.MethodGet, proxyPath+"/*path", newProxy(*upstream))
		router.GET(farPath, newJoint(*upstream).follow)
	}
	return serve(ctx, *address, router)
}

// serve serves a handler at an address, until ctx ends.
func serve(ctx context.Context, address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// bareRouter returns the bare server's handlers over the directories of data.
func bareRouter(dir string) (*httprouter.Router, error) {
	var roots [4]*os.Root
	for i, name := range []string{"docs", "files", "many", "bare-put"} {
		root, err := os.OpenRoot(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		roots[i] = root // open as long as the process lives
	}
	writer, err := newWriter(roots[3])
	if err != nil {
		return nil, err
	}
	router := httprouter.New()
	router.GET(readyPath, ready)
	router.GET("/docs/:name", (&reader{root: roots[0]}).document)
	router.GET("/files/:name", (&reader{root: roots[1]}).file)
	router.GET(manyPath, lister{roots[2]}.list)
	router.PUT("/put/:name", writer.put)
	return router, nil
}

func ready(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) {
	w.WriteHeader(http.StatusOK)
}

// bufferSize is that of the buffers for small documents.
const bufferSize = 64 << 10

// A pool of buffers of one size.
type pool struct{ buffers sync.Pool }

func (p *pool) take() *[bufferSize]byte {
	if b, ok := p.buffers.Get().(*[bufferSize]byte); ok {
		return b
	}
	return new([bufferSize]byte)
}

func (p *pool) put(b *[bufferSize]byte) { p.buffers.Put(b) }

// A reader answers with files of a directory.
type reader struct {
	root *os.Root
	pool pool
}

// document answers with a small JSON document: one read, one write.
func (s *reader) document(w http.ResponseWriter, _ *http.Request, p httprouter.Params) {
	file, info, err := s.open(p.ByName("name"))
	if err != nil {
		fail(w, err)
		return
	}
	defer file.Close()
	buffer := s.pool.take()
	defer s.pool.put(buffer)
	n, err := io.ReadFull(file, buffer[:min(info.Size(), bufferSize)])
	if err != nil {
		fail(w, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(n))
	header.Set("Last-Modified", info.ModTime().UTC().Format(http.TimeFormat))
	header.Set("ETag", tag(info))
	_, _ = w.Write(buffer[:n]) // the client has gone
}

// file answers with a file of any size.
func (s *reader) file(w http.ResponseWriter, r *http.Request, p httprouter.Params) {
	file, info, err := s.open(p.ByName("name"))
	if err != nil {
		fail(w, err)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", tag(info))
	http.ServeContent(w, r, "", info.ModTime(), file)
}

func (s *reader) open(name string) (*os.File, fs.FileInfo, error) {
	file, err := s.root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, info, nil
}

// tag returns an ETag that changes with the size and the time of a file.
func tag(info fs.FileInfo) string {
	text := strconv.AppendInt(append(make([]byte, 0, 40), '"'), info.Size(), 36)
	text = strconv.AppendInt(append(text, '-'), info.ModTime().UnixNano(), 36)
	return string(append(text, '"'))
}

func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if errors.Is(err, fs.ErrNotExist) {
		status = http.StatusNotFound
	}
	http.Error(w, err.Error(), status)
}
