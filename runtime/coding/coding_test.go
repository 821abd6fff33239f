package coding_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/coding"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// text is n bytes that pack well, but not to nothing.
func text(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, `{"id": %d, "square": %d},`, i, i*i)
	}
	return b.Bytes()[:n]
}

// asking returns what a GET with the fields asks.
func asking(fields ...bus.Field) coding.Ask {
	return coding.Read(&bus.Message{Method: "GET", Header: fields})
}

func accepting(value string) coding.Ask {
	return asking(bus.Field{Name: "Accept-Encoding", Value: value})
}

// unpack returns what a reply holds.
func unpack(t *testing.T, reply *bus.Message) []byte {
	t.Helper()
	var from io.Reader = reply.Body.Reader()
	var err error
	switch reply.Header.Get("Content-Encoding") {
	case "gzip":
		from, err = gzip.NewReader(from)
	case "zstd":
		from, err = zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<10))
	}
	require.NoError(t, err)
	data, err := io.ReadAll(from)
	require.NoError(t, err)
	return data
}

// bodies are ways to hold the same bytes. closed counts.
func bodies(t *testing.T, data []byte, closed *int) map[string]*bus.Body {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(name, append(data[:len(data):len(data)], "what came later"...), 0o600))
	file, err := os.Open(name)
	require.NoError(t, err)
	list := map[string]*bus.Body{
		"bytes":   bus.NewBody(data, "application/json"),
		"file":    bus.NewStream(file, int64(len(data)), "application/json"),
		"stream":  bus.NewStream(io.NopCloser(bytes.NewReader(data)), int64(len(data)), "application/json"),
		"unknown": bus.NewStream(io.NopCloser(iotest.HalfReader(bytes.NewReader(data))), -1, "application/json"),
	}
	for _, b := range list {
		b.OnClose(func() { *closed++ })
	}
	return list
}

func TestPack(t *testing.T) {
	coder := coding.New()
	for _, name := range []string{"gzip", "zstd"} {
		for _, size := range []int{1025, 10_000, 64 << 10, 64<<10 + 1, 1 << 20} {
			data, closed := text(size), 0
			for kind, body := range bodies(t, data, &closed) {
				at := fmt.Sprintf("%s of %d as %s", name, size, kind)
				reply := bus.Reply(200, body)
				reply.Header = bus.Header{{Name: "ETag", Value: `"x"`}, {Name: "Accept-Ranges", Value: "bytes"}}
				require.NoError(t, coder.Pack(reply, accepting(name)), at)
				assert.Equal(t, bus.Header{
					{Name: "ETag", Value: `"x-` + name + `"`}, {Name: "Vary", Value: "Accept-Encoding"}, {Name: "Content-Encoding", Value: name},
				}, reply.Header, at)
				assert.Equal(t, "application/json", reply.Body.MediaType())
				known := kind != "unknown" && size <= 64<<10
				assert.Equal(t, known, reply.Body.Size() >= 0, at)
				if known {
					assert.Less(t, reply.Body.Size(), int64(size/2), at)
				}
				assert.Equal(t, data, unpack(t, reply), at)
				assert.Zero(t, closed, at)
				require.NoError(t, reply.Close())
				require.NoError(t, reply.Close())
				assert.Equal(t, 1, closed, "%s: the source is closed when the packed one is", at)
				closed = 0
			}
		}
	}
}

func TestNotPacked(t *testing.T) {
	coder := coding.New()
	big := string(text(2000))
	for what, reply := range map[string]*bus.Message{
		"small":           reply(200, big[:1024], "text/plain"),
		"nothing":         bus.Reply(204, nil),
		"no body":         reply(204, big, "text/plain"),
		"a part":          reply(206, big, "text/plain"),
		"binary":          reply(200, big, "image/png"),
		"unknown":         reply(200, big, ""),
		"events":          reply(200, big, "Text/Event-Stream; charset=utf-8"),
		"packed already":  reply(200, big, "text/plain", "content-encoding", "br"),
		"signs in":        reply(200, big, "text/plain", "Set-Cookie", "rs-auth=x"),
		"not to touch":    reply(200, big, "text/plain", "cache-control", "public, No-Transform"),
		"with its digest": reply(200, big, "text/plain", "Repr-Digest", "sha-256=:x:"),
		"an old digest":   reply(200, big, "text/plain", "digest", "sha-256=x"),
		"an upgrade":      reply(101, big, "text/plain"),
	} {
		before := reply.Body
		header := fmt.Sprint(reply.Header)
		require.NoError(t, coder.Pack(reply, accepting("gzip, zstd")), what)
		assert.Same(t, before, reply.Body, what)
		assert.Equal(t, header, fmt.Sprint(reply.Header), what)
	}
}

func reply(status int, body, mediaType string, fields ...string) *bus.Message {
	m := bus.Reply(status, bus.NewBody([]byte(body), mediaType))
	for i := 0; i < len(fields); i += 2 {
		m.Header.Add(fields[i], fields[i+1])
	}
	return m
}

func TestClientsChoose(t *testing.T) {
	coder := coding.New()
	for accept, want := range map[string]string{
		"": "", "identity": "", "br": "", "gzip;q=0": "", "*;q=0": "", "gzip;q=x": "",
		"gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd", "*": "zstd", "gzip, deflate, br, zstd": "zstd",
		"gzip, zstd;q=0.5": "gzip", "zstd;q=0, *": "gzip", "identity, gzip": "gzip", "identity;q=0.5, gzip": "gzip", "identity, gzip;q=0.5": "",
	} {
		m := reply(200, string(text(2000)), "text/plain", "Vary", "Origin")
		require.NoError(t, coder.Pack(m, accepting(accept)))
		assert.Equal(t, want, m.Header.Get("Content-Encoding"), accept)
		assert.Equal(t, "Origin, Accept-Encoding", m.Header.List("Vary"), "packed or not: %s", accept)
	}
	m := reply(200, string(text(2000)), "text/plain", "Vary", "accept-encoding")
	require.NoError(t, coder.Pack(m, accepting("gzip")))
	assert.Equal(t, "accept-encoding", m.Header.List("Vary"))
}

func TestTags(t *testing.T) {
	for _, row := range []struct{ method, accept, field, value, want string }{
		{"GET", "gzip", "If-None-Match", `"x-gzip"`, `"x-gzip", "x"`},
		{"GET", "gzip", "if-none-match", `W/"x-gzip", "y"`, `W/"x-gzip", "y", W/"x"`},
		{"GET", "gzip, zstd", "If-None-Match", `"a,b-gzip","c-zstd"`, `"a,b-gzip","c-zstd", "a,b", "c"`},
		{"GET", "zstd", "If-None-Match", `"x-gzip"`, `"x-gzip"`},
		{"GET", "", "If-None-Match", `"x-gzip"`, `"x-gzip"`},
		{"GET", "gzip", "If-None-Match", `"x"`, `"x"`},
		{"GET", "gzip", "If-None-Match", `*`, `*`},
		{"GET", "gzip", "If-None-Match", `"x-gzip`, `"x-gzip`},
		{"GET", "gzip", "If-Range", `"x-gzip"`, `"x-gzip"`},
		{"GET", "gzip", "X-Other", `"x-gzip"`, `"x-gzip"`},
		{"GET", "", "If-Match", `"x-gzip"`, `"x-gzip", "x"`},
		{"PUT", "", "If-Match", `"x-zstd"`, `"x-zstd", "x"`},
		{"PUT", "", "If-Match", `W/"x-zstd"`, `W/"x-zstd", W/"x"`},
		{"PUT", "", "If-None-Match", `"x-gzip"`, `"x-gzip", "x"`},
	} {
		m := &bus.Message{Method: row.method, Header: bus.Header{{Name: row.field, Value: row.value}, {Name: "Accept-Encoding", Value: row.accept}}}
		coding.Read(m)
		assert.Equal(t, row.want, m.Header.Get(row.field), "%v", row)
	}
}

func TestNotModifiedNamesWhatTheClientHas(t *testing.T) {
	coder := coding.New()
	for _, row := range []struct{ accept, cached, tag, want string }{
		{"gzip", `"x-gzip"`, `"x"`, `"x-gzip"`},
		{"gzip", `"x"`, `"x"`, `"x"`},
		{"gzip", `"x", "x-gzip"`, `"x"`, `"x-gzip"`},
		{"gzip, zstd", `"x-gzip"`, `"x"`, `"x-gzip"`},
		{"gzip, zstd", `"x-gzip", "x-zstd"`, `"x"`, `"x-zstd"`},
		{"gzip, zstd;q=0.5", `"x-zstd", "x-gzip"`, `"x"`, `"x-gzip"`},
		{"zstd", `"x-gzip"`, `"x"`, `"x"`},
		{"gzip", `"x", "x-zstd", "y-gzip"`, `"x"`, `"x"`},
		{"gzip", `"y-gzip"`, `"x"`, `"x"`},
		{"gzip", `W/"x-gzip"`, `W/"x"`, `W/"x"`},
		{"gzip", `"x-gzip"`, ``, ``},
	} {
		m := bus.Reply(304, nil)
		if row.tag != "" {
			m.Header.Add("ETag", row.tag)
		}
		ask := asking(bus.Field{Name: "Accept-Encoding", Value: row.accept}, bus.Field{Name: "If-None-Match", Value: row.cached})
		require.NoError(t, coder.Pack(m, ask))
		assert.Equal(t, row.want, m.Header.Get("ETag"), "%v", row)
		assert.Equal(t, row.want != row.tag, m.Header.Has("Vary"), "%v", row)
	}
}

// TestPiecesComeAsTheyAre sees that a stream without a known size is not held
// back.
func TestPiecesComeAsTheyAre(t *testing.T) {
	for _, name := range []string{"gzip", "zstd"} {
		from, to := io.Pipe()
		m := bus.Reply(200, bus.NewStream(from, -1, "text/plain"))
		require.NoError(t, coding.New().Pack(m, accepting(name)))
		go func() { _, _ = to.Write([]byte("first")) }()
		unpacked := io.Reader(m.Body.Stream())
		if name == "gzip" {
			r, err := gzip.NewReader(unpacked)
			require.NoError(t, err)
			unpacked = r
		} else {
			r, err := zstd.NewReader(unpacked, zstd.WithDecoderConcurrency(1))
			require.NoError(t, err)
			unpacked = r
		}
		piece := make([]byte, 5)
		_, err := io.ReadFull(unpacked, piece)
		require.NoError(t, err)
		assert.Equal(t, "first", string(piece), "before the second is there")
		go func() { _, _ = to.Write([]byte("second")); _ = to.Close() }()
		rest, err := io.ReadAll(unpacked)
		require.NoError(t, err)
		assert.Equal(t, "second", string(rest))
		require.NoError(t, m.Close())
	}
}

// TestTrailersStay sees that a stream keeps what it says at its end, but for
// digests of what it was before.
func TestTrailersStay(t *testing.T) {
	from := strings.NewReader("what is packed")
	m := bus.Reply(200, bus.NewStream(io.NopCloser(from), -1, "text/plain"))
	trailer := bus.Header{{Name: "content-digest", Value: "sha-256=:x:"}, {Name: "Server-Timing", Value: "all;dur=3"}}
	m.Body.SetTrailer(func() bus.Header {
		if from.Len() > 0 {
			return nil
		}
		return trailer
	})
	require.NoError(t, coding.New().Pack(m, accepting("gzip")))
	assert.Empty(t, m.Body.Trailer(), "before the end")
	assert.Equal(t, "what is packed", string(unpack(t, m)))
	assert.Equal(t, bus.Header{{Name: "Server-Timing", Value: "all;dur=3"}}, m.Body.Trailer())
	assert.Equal(t, "content-digest", trailer[0].Name, "the one of the source is not changed")
	require.NoError(t, m.Close())
}

// TestBodiesThatFail has them fail at once, and while they are read.
func TestBodiesThatFail(t *testing.T) {
	coder, broken := coding.New(), errors.New("the disk failed")
	for _, size := range []int64{2000, 100 << 10} {
		for want, end := range map[error]io.Reader{broken: iotest.ErrReader(broken), io.ErrUnexpectedEOF: http.NoBody} {
			closed := 0
			m := bus.Reply(200, bus.NewStream(io.NopCloser(io.MultiReader(bytes.NewReader(text(1500)), end)), size, "text/plain"))
			m.Body.OnClose(func() { closed++ })
			err := coder.Pack(m, accepting("gzip"))
			if err == nil {
				_, err = io.Copy(io.Discard, m.Body.Reader())
				require.NoError(t, m.Close())
			}
			assert.ErrorIs(t, err, want, "of %d", size)
			assert.Equal(t, 1, closed, "of %d", size)
		}
	}
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	err = coder.Pack(bus.Reply(200, bus.NewStream(file, 2000, "text/plain")), accepting("gzip"))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF, "a file that was cut")
	assert.ErrorIs(t, file.Close(), os.ErrClosed)
	closed := 0
	m := bus.Reply(200, bus.NewStream(io.NopCloser(nil), 2000, "text/plain"))
	m.Body.OnClose(func() { closed++ })
	assert.Panics(t, func() { _ = coder.Pack(m, accepting("gzip")) })
	assert.Equal(t, 1, closed, "after a panic")
}

// TestBounded sees that there are never more packers at work than may be, and
// that those come back.
func TestBounded(t *testing.T) {
	coder := coding.New()
	open := func() (*bus.Message, bool) {
		m := bus.Reply(200, bus.NewStream(io.NopCloser(strings.NewReader("x")), -1, "text/plain"))
		require.NoError(t, coder.Pack(m, accepting("gzip")))
		return m, m.Header.Has("Content-Encoding")
	}
	var list []*bus.Message
	for range 64 {
		m, packed := open()
		assert.True(t, packed)
		list = append(list, m)
	}
	m, packed := open()
	assert.False(t, packed, "it goes out as it is")
	assert.Equal(t, "Accept-Encoding", m.Header.Get("Vary"))
	assert.Equal(t, "x", string(unpack(t, m)))
	assert.Equal(t, "x", string(unpack(t, list[0])), "who has read it all gives the packer back")
	m, packed = open()
	assert.True(t, packed)
	for _, m := range append(list, m) {
		require.NoError(t, m.Close())
	}
	for range 64 {
		m, packed := open()
		assert.True(t, packed)
		require.NoError(t, m.Close())
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`"x-gzip", W/"y-zstd"`)
	f.Add(`"`)
	f.Fuzz(func(t *testing.T, value string) {
		m := &bus.Message{Method: http.MethodGet, Header: bus.Header{
			{Name: "If-None-Match", Value: value}, {Name: "Accept-Encoding", Value: "gzip, zstd"}}}
		coding.Read(m)
		added, ok := strings.CutPrefix(m.Header[0].Value, value)
		require.True(t, ok, "what came stays")
		require.LessOrEqual(t, len(added), 2*len(value)+8)
		require.Zero(t, strings.Count(added, `"`)%2)
	})
}

// BenchmarkPack is what a reply of 10 KiB costs to pack, and what one that is
// not packed costs.
func BenchmarkPack(b *testing.B) {
	coder, data := coding.New(), text(10<<10)
	header := bus.Header{
		{Name: "Accept", Value: "*/*"}, {Name: "Authorization", Value: "Bearer x"}, {Name: "User-Agent", Value: "bench"},
		{Name: "Accept-Encoding", Value: ""},
	}
	for _, row := range []struct{ name, accept, mediaType string }{
		{"gzip", "gzip", "application/json"}, {"zstd", "zstd", "application/json"},
		{"unwanted", "", "application/json"}, {"unfit", "gzip", "image/png"},
	} {
		b.Run(row.name, func(b *testing.B) {
			header[3].Value = row.accept
			fields := make(bus.Header, 0, 8)
			b.ReportAllocs()
			for b.Loop() {
				ask := coding.Read(&bus.Message{Method: http.MethodGet, Header: header})
				reply := bus.Reply(200, bus.NewBody(data, row.mediaType))
				reply.Header = append(fields, bus.Field{Name: "ETag", Value: `"x"`}, bus.Field{Name: "Last-Modified", Value: "x"})
				if err := coder.Pack(reply, ask); err != nil {
					b.Fatal(err)
				}
				_ = reply.Close()
			}
		})
	}
}
