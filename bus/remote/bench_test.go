package remote_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/remote"
	"github.com/seed90475182/restspace/urlpattern"
)

// BenchmarkCall is a call to a server in the same process, whose own work is in
// the figures; transport is the same through net/http's client.
func BenchmarkCall(b *testing.B) {
	for _, size := range []int{1 << 10, 100 << 10} {
		data := []byte(strings.Repeat("x", size))
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			_, _ = w.Write(data)
		}))
		defer server.Close()
		caller := remote.New(remote.Options{})
		defer caller.Close()
		client := &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}
		defer client.CloseIdleConnections()
		target, err := urlpattern.ParseURL(server.URL + "/a/b?x=1")
		require.NoError(b, err)
		for name, service := range map[string]bus.Service{"caller": caller, "transport": bus.FromTransport(client)} {
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					root := bus.NewRoot(b.Context(), 0)
					m := &bus.Message{Method: "GET", URL: target, Header: bus.Header{{Name: "Accept", Value: "*/*"}}}
					reply, err := service.Serve(root, m)
					if err != nil {
						b.Fatal(err)
					}
					got, err := reply.Body.Bytes(1 << 20)
					if err != nil || len(got) != size {
						b.Fatal(len(got), err)
					}
					_ = reply.Close()
					root.End()
				}
			})
		}
	}
}
