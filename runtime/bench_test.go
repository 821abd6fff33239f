package runtime_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/julienschmidt/httprouter"
	"github.com/stretchr/testify/require"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
	servicelist "github.com/seed90475182/restspace/services/all"
)

// benchConfig logs errors only, as the bare servers beside it log nothing.
const benchConfig = `{
  "server": {"log": {"level": "error"}},
  "services": [
    {"name": "lib", "basePath": "/lib", "service": "lib", "readRoles": "all"},
    {"name": "docs", "basePath": "/docs", "service": "json", "adaptor": "file", "adaptorConfig": {"root": "docs"},
     "readRoles": "U", "writeRoles": "U"}
  ]
}`

// BenchmarkRequest is one request over a socket and back, the client's part in
// it, through the whole runtime and through net/http alone.
func BenchmarkRequest(b *testing.B) {
	b.Chdir(b.TempDir())
	r := runtime.New(runtime.Options{
		Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), Listen: true, Address: "127.0.0.1:0", LogTo: io.Discard,
	})
	require.NoError(b, r.Load(b.Context(), "services.json", []byte(benchConfig)))
	defer func() { require.NoError(b, r.Close(context.Background())) }()
	token, err := r.Token(&bus.User{Email: "ann@example.com", Roles: []string{"U"}}, time.Hour)
	require.NoError(b, err)
	require.NoError(b, os.WriteFile("docs/doc.json", make([]byte, 1024), 0o600))
	require.NoError(b, os.WriteFile("docs/large.json", largeDocument(), 0o600))

	b.Run("bypass", func(b *testing.B) { benchmarkRequest(b, r.Addr(), "/lib/bypass", "") })
	b.Run("bypass/bare", func(b *testing.B) { benchmarkRequest(b, bare(b), "/lib/bypass", "") })
	b.Run("document", func(b *testing.B) { benchmarkRequest(b, r.Addr(), "/docs/doc", token) })
	b.Run("large", func(b *testing.B) { benchmarkRequest(b, r.Addr(), "/docs/large", token) })
	for _, coding := range []string{"gzip", "zstd"} {
		b.Run("large/"+coding, func(b *testing.B) {
			benchmarkRequest(b, r.Addr(), "/docs/large", token+"\r\nAccept-Encoding: "+coding)
		})
	}
	b.Run("document/bare", func(b *testing.B) { benchmarkRequest(b, bare(b), "/docs/doc", token) })
}

// largeDocument returns 10 KiB of JSON as programs write it.
func largeDocument() []byte {
	document := []byte("[")
	for i := 0; len(document) < 10<<10; i++ {
		document = fmt.Appendf(document, `{"id":%d,"name":"user %d","balance":%d.%02d,"active":%t},`, i, i*i%977, i*31%10007, i%100, i%3 == 0)
	}
	return append(document, "0]"...)
}

// bare serves the same with net/http and httprouter.
func bare(b *testing.B) string {
	b.Helper()
	root, err := os.OpenRoot("docs")
	require.NoError(b, err)
	routes := httprouter.New()
	routes.GET("/lib/bypass", func(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) {})
	routes.GET("/docs/:name", func(w http.ResponseWriter, _ *http.Request, p httprouter.Params) {
		file, err := root.Open(p.ByName("name") + ".json")
		if err != nil {
			http.NotFound(w, nil)
			return
		}
		defer file.Close()
		var buffer [2048]byte
		n, _ := file.Read(buffer[:])
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(n))
		_, _ = w.Write(buffer[:n])
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	server := &http.Server{Handler: routes}
	go func() { _ = server.Serve(l) }()
	b.Cleanup(func() { _ = server.Close(); _ = root.Close() })
	return l.Addr().String()
}

func benchmarkRequest(b *testing.B, address, path, token string) {
	c, err := net.Dial("tcp", address)
	require.NoError(b, err)
	defer c.Close()
	request := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n", path, address)
	if token != "" {
		request = fmt.Appendf(request, "Authorization: Bearer %s\r\n", token)
	}
	request = append(request, "\r\n"...)
	replies := bufio.NewReader(c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(request); err != nil {
			b.Fatal(err)
		}
		if err := readReply(replies); err != nil {
			b.Fatal(err)
		}
	}
}

// readReply skips a reply of status 200.
func readReply(r *bufio.Reader) error {
	size := 0
	for i := 0; ; i++ {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if i == 0 && string(line) != "HTTP/1.1 200 OK\r\n" {
			return fmt.Errorf("came %q", line)
		}
		if name := "Content-Length: "; len(line) > len(name) && string(line[:len(name)]) == name {
			if size, err = strconv.Atoi(string(line[len(name) : len(line)-2])); err != nil {
				return err
			}
		}
		if len(line) == 2 {
			_, err = r.Discard(size)
			return err
		}
	}
}
