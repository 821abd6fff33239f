package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/jsonservice"
	"github.com/seed90475182/restspace/services/pipeline"
	"github.com/seed90475182/restspace/urlpattern"
)

// root returns the context of a request to the services of w.
func (w *world) root(t testing.TB) context.Context {
	root := bus.NewRoot(t.Context(), 0)
	t.Cleanup(root.End)
	root.Table = w.table
	return root
}

// must returns the service of a pipeline that splits into up to fanOut.
func (w *world) must(t testing.TB, steps string, fanOut int) bus.Service {
	c := pipeline.Kind().Config()
	require.NoError(t, json.Unmarshal([]byte(`{"pipeline": `+steps+`, "get": true}`), c))
	s, err := pipeline.Kind().New(t.Context(), services.Env{Config: c, Bus: w.table, AsCaller: w.table,
		Limits: services.Limits{Body: 4 << 20, File: 64 << 20, FanOut: fanOut, Parallel: 16}, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return s
}

// BenchmarkSteps is a pipeline of ten steps that do nothing, in the process.
func BenchmarkSteps(b *testing.B) {
	w := newWorld(b, nil)
	s := w.must(b, "["+strings.Repeat(`"/lib/bypass",`, 9)+`"/lib/bypass"]`, 1000)
	for name, size := range map[string]int{"1KiB": 1 << 10, "1MiB": 1 << 20} {
		body := bytes.Repeat([]byte{' '}, size)
		body[0] = '1'
		b.Run(name, func(b *testing.B) {
			ctx := w.root(b)
			b.ReportAllocs()
			for b.Loop() {
				m := &bus.Message{Method: "POST", URL: urlpattern.URL{Path: []string{"p"}}, Body: bus.NewBody(body, "application/json")}
				if reply, err := s.Serve(ctx, m); err != nil || reply.Status != 200 {
					b.Fatal(reply, err)
				}
			}
		})
	}
}

// newDocuments returns a world with a store of n documents of size bytes at
// /docs, named 0, 1 and so on.
func newDocuments(t testing.TB, n, size int) *world {
	t.Helper()
	store := adaptors.NewKeep(memstore.New(), 1<<20)
	kind := jsonservice.Kind()
	docs, err := kind.New(t.Context(), services.Env{Config: kind.Config(), Adaptors: map[string]any{"adaptor": store},
		Limits: services.Limits{Body: 1 << 20, File: 1 << 20}, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	table, err := bus.NewTable(&bus.Mount{Name: "docs", Base: []string{"docs"}, Service: docs})
	require.NoError(t, err)
	text := fmt.Appendf(nil, "%q", strings.Repeat("x", size-2))
	for i := range n {
		_, err := table.Serve(t.Context(), &bus.Message{Method: "PUT", URL: urlpattern.URL{Path: []string{"docs", fmt.Sprint(i)}},
			Body: bus.NewBody(text, "application/json")})
		require.NoError(t, err)
	}
	return &world{table}
}

// BenchmarkTwoGets is a GET of a document, and one whose URL has a member of it.
func BenchmarkTwoGets(b *testing.B) {
	w := newDocuments(b, 2, 1000)
	_, err := w.table.Serve(b.Context(), &bus.Message{Method: "PUT", URL: urlpattern.URL{Path: []string{"docs", "first"}},
		Body: bus.NewBody([]byte(`{"title":"The first","next":"1"}`), "application/json")})
	require.NoError(b, err)
	s := w.must(b, `["GET /docs/first", "GET /docs/${next}"]`, 1000)
	b.Run("pipeline", func(b *testing.B) {
		ctx := w.root(b)
		b.ReportAllocs()
		for b.Loop() {
			reply, err := s.Serve(ctx, &bus.Message{Method: "GET", URL: urlpattern.URL{Path: []string{"p"}}})
			if err != nil || reply.Body.Size() != 1000 {
				b.Fatal(reply, err)
			}
		}
	})
	b.Run("get", func(b *testing.B) {
		ctx := w.root(b)
		b.ReportAllocs()
		for b.Loop() {
			reply, err := w.table.Serve(ctx, &bus.Message{Method: "GET", URL: urlpattern.URL{Path: []string{"docs", "1"}}})
			if err != nil || reply.Body.Size() != 1000 {
				b.Fatal(reply, err)
			}
		}
	})
}

// numbers returns the JSON list of the first n numbers.
func numbers(n int) []byte {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	text, _ := json.Marshal(list)
	return text
}

// BenchmarkFanOut is 100 GETs of documents of 1 KB, joined to an object.
func BenchmarkFanOut(b *testing.B) {
	w := newDocuments(b, 100, 1000)
	s := w.must(b, `["GET /docs/${[]}", "jsonObject"]`, 1000)
	list, ctx := numbers(100), w.root(b)
	b.ReportAllocs()
	for b.Loop() {
		reply, err := s.Serve(ctx, &bus.Message{Method: "POST", Body: bus.NewBody(list, "application/json")})
		if err != nil || reply.Body.Size() < 100_000 {
			b.Fatal(reply, err)
		}
	}
}

// BenchmarkZip is a zip of 10,000 documents of 1 KB.
func BenchmarkZip(b *testing.B) {
	const count = 10_000
	w := newDocuments(b, count, 1000)
	s := w.must(b, `["GET /docs/${[]} :$<0", "zip"]`, count)
	list, ctx := numbers(count), w.root(b)
	b.ReportAllocs()
	for b.Loop() {
		reply, err := s.Serve(ctx, &bus.Message{Method: "POST", Body: bus.NewBody(list, "application/json")})
		require.NoError(b, err)
		_, err = io.Copy(io.Discard, reply.Body.Reader())
		require.NoError(b, err)
		require.NoError(b, reply.Close())
	}
}
