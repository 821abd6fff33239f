package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

func TestConfig(t *testing.T) {
	kind := pluginKind(t)
	for config, want := range map[string]string{
		`{}`: "",
		`{"address": "db.example.org:6379", "password": "x", "db": 3, "prefix": ""}`: "",
		`{"address": "/run/redis.sock"}`:                                             "",
		`{"address": "localhost"}`:                                                   "/address: this is no address: write host:port, or the path of a Unix socket",
		`{"address": "localhost:", "db": -1}`: "/address: this is no address: write host:port, or the path of a Unix socket\n" +
			"/db: there is no such database: write 0 or more",
		`{"db": "3"}`:     "/db: this is a string: write a whole number that fits",
		`{"adress": "x"}`: `/adress: unknown key "adress": the keys are address, db, password, prefix`,
	} {
		raw := adaptors.RawConfig(config)
		assert.Equal(t, want, told(kind.Ask(t.Context(), &raw, env(t))), config)
	}
}

// told returns the faults of a config, a line for each.
func told(err error) string {
	var lines []string
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	for _, err := range list {
		var at interface {
			error
			Pointer() string
		}
		if errors.As(err, &at) {
			lines = append(lines, at.Pointer()+": "+at.Error())
		} else if err != nil {
			lines = append(lines, err.Error())
		}
	}
	return strings.Join(lines, "\n")
}

func TestPassword(t *testing.T) {
	server := startServer(t, "--requirepass", "secret")
	c := server.config()
	for _, wrong := range []string{"", "guess"} {
		c.Password = wrong
		_, err := open(t.Context(), c, adaptors.Env{})
		assert.ErrorContains(t, err, "see the password in the config", wrong)
	}
	c.Password = "secret"
	put(t, c.open(t), a, []byte("x"))
}

func TestDatabases(t *testing.T) {
	server := startServer(t)
	c := server.config()
	zero := c.open(t)
	c.DB = 1
	one := c.open(t)
	put(t, zero, a, []byte("zero"))
	put(t, one, a, []byte("one"))
	assert.Equal(t, "zero", string(read(t, zero, a, nil)))
	c.DB = 99
	_, err := open(t.Context(), c, adaptors.Env{})
	assert.ErrorContains(t, err, "DB index is out of range")
}

// TestFull fills a Redis up to its maxmemory.
func TestFull(t *testing.T) {
	server := startServer(t, "--maxmemory", "4mb")
	s := server.config().open(t)
	first := noise(1, 2*chunkSize)
	put(t, s, a, first)
	for what, size := range map[string]int64{"large": 2 * chunkSize, "small": 100_000} {
		var err error
		n := 0
		for ; err == nil; n++ {
			_, err = s.Put(t.Context(), adaptors.Key{"dir", fmt.Sprint(what, n)}, bus.NewBody(noise(1, size), ""), adaptors.Condition{})
		}
		assert.ErrorIs(t, err, syscall.ENOSPC, what)
		_, _, err = s.Get(t.Context(), adaptors.Key{"dir", fmt.Sprint(what, n-1)}, adaptors.GetOptions{})
		assert.ErrorContains(t, err, "not exist", "what was refused is not there")
	}
	_, err := s.Put(t.Context(), a, bus.NewBody(first, ""), adaptors.Condition{})
	assert.ErrorIs(t, err, syscall.ENOSPC)
	assert.Equal(t, first, read(t, s, a, nil), "the old content is whole")

	for info, err := range s.List(t.Context(), adaptors.Key{"dir"}, adaptors.ListOptions{}) {
		require.NoError(t, err)
		require.NoError(t, s.Delete(t.Context(), adaptors.Key{"dir", info.Name}, adaptors.Condition{}), "a full Redis deletes")
	}
	for _, body := range server.client.Keys(t.Context(), s.prefix+"body/*").Val() {
		if server.client.TTL(t.Context(), body).Val() > 0 {
			require.NoError(t, server.client.Del(t.Context(), body).Err()) // later
		}
	}
	put(t, s, a, []byte("there is room again"))
}

func TestReadOnly(t *testing.T) {
	server := startServer(t)
	s := server.config().open(t)
	put(t, s, a, []byte("x"))
	large := noise(1, 2*chunkSize)
	put(t, s, adaptors.Key{"large"}, large)
	require.NoError(t, server.client.SlaveOf(t.Context(), "127.0.0.1", "1").Err()) // of nobody
	_, err := s.Put(t.Context(), a, bus.NewBody([]byte("y"), ""), adaptors.Condition{})
	assert.ErrorIs(t, err, adaptors.ErrReadOnly)
	_, err = s.Put(t.Context(), a, bus.NewBody(large, ""), adaptors.Condition{})
	assert.ErrorIs(t, err, adaptors.ErrReadOnly)
	assert.ErrorIs(t, s.Delete(t.Context(), a, adaptors.Condition{}), adaptors.ErrReadOnly)
	assert.Equal(t, "x", string(read(t, s, a, nil)))
	assert.Equal(t, large, read(t, s, adaptors.Key{"large"}, nil))
}

func TestRedisThatGoesAndComes(t *testing.T) {
	server := startServer(t)
	c := server.config()
	s := openPlugin(t, pluginKind(t), fmt.Sprintf(`{"address": %q, "prefix": %q}`, c.Address, c.Prefix))
	before := put(t, s, a, []byte("x"))
	server.end()
	_, _, err := s.Get(t.Context(), a, adaptors.GetOptions{})
	assert.Equal(t, http.StatusServiceUnavailable, bus.Classify(err).Status, err)
	_, err = s.Put(t.Context(), a, bus.NewBody([]byte("y"), ""), adaptors.Condition{})
	assert.Equal(t, http.StatusServiceUnavailable, bus.Classify(err).Status, err)
	server.start(t)
	after := put(t, s, a, []byte("z")) // Redis has lost all that it had
	assert.True(t, after.Created)
	assert.NotEqual(t, before.ETag, after.ETag)
	server.end()
	_, err = open(t.Context(), c, adaptors.Env{})
	assert.ErrorContains(t, err, "Redis at "+c.Address)
}

// TestETagsWhenTheClockGoesBack gives the store an ETag of the future.
func TestETagsWhenTheClockGoesBack(t *testing.T) {
	server := startServer(t)
	s := server.config().open(t)
	require.NoError(t, server.client.Set(t.Context(), s.prefix+"revision", "4000000000000000", 0).Err())
	assert.Equal(t, "4000000000000001", put(t, s, a, nil).ETag)
	assert.Equal(t, "4000000000000002", put(t, s, a, nil).ETag)
}

// TestForeignKeys has what nobody stored under the names of a store.
func TestForeignKeys(t *testing.T) {
	server := startServer(t)
	s := server.config().open(t)
	require.NoError(t, server.client.Set(t.Context(), s.prefix+"doc/a", "text", 0).Err())
	_, _, err := s.Get(t.Context(), a, adaptors.GetOptions{})
	assert.ErrorContains(t, err, "WRONGTYPE")
	_, err = s.Put(t.Context(), a, nil, adaptors.Condition{})
	assert.ErrorContains(t, err, "WRONGTYPE")
	for _, name := range []string{"%41", ".hidden", "evicted"} {
		require.NoError(t, server.client.Del(t.Context(), s.prefix+"dir/").Err())
		require.NoError(t, server.client.ZAdd(t.Context(), s.prefix+"dir/", redis.Z{Member: name}).Err())
		for _, err := range s.List(t.Context(), nil, adaptors.ListOptions{}) {
			assert.ErrorContains(t, err, name)
		}
	}
}

// TestLostAnswers cuts the connection after a write has been done, before its
// answer: the client tries it again, and it is not done twice.
func TestLostAnswers(t *testing.T) {
	server := startServer(t)
	c := server.config()
	proxy := cutting(t, c.Address)
	c.Address = proxy.address
	s := c.open(t)
	put(t, s, adaptors.Key{"warm"}, nil) // the scripts are known
	require.NoError(t, s.Delete(t.Context(), adaptors.Key{"warm"}, adaptors.Condition{}))
	for _, size := range []int64{10, 3 * chunkSize} {
		data := noise(1, size)
		proxy.cut(size/chunkSize + 1) // one answer for each chunk, and that of the script
		info, err := s.Put(t.Context(), a, bus.NewBody(data, ""), adaptors.Condition{Absent: true})
		require.NoError(t, err)
		assert.True(t, info.Created)
		assert.Zero(t, proxy.left.Load(), "an answer was lost")
		assert.Equal(t, data, read(t, s, a, nil))
		proxy.cut(1)
		require.NoError(t, s.Delete(t.Context(), a, adaptors.Condition{Match: []string{info.ETag}}))
		assert.Zero(t, proxy.left.Load(), "an answer was lost")
	}
}

// proxy stands before a Redis.
type proxy struct {
	address string
	left    atomic.Int64 // answers up to the one that is lost
}

// cut has the nth answer from now on be lost.
func (p *proxy) cut(n int64) { p.left.Store(n) }

func cutting(t *testing.T, to string) *proxy {
	t.Helper()
	p := &proxy{address: filepath.Join(filepath.Dir(to), "proxy")}
	listener, err := net.Listen("unix", p.address)
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { listener.Close(); <-done })
	go func() {
		defer close(done)
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", to)
			if !assert.NoError(t, err) {
				return
			}
			go p.copy(server, from, false)
			go p.copy(from, server, true)
		}
	}()
	return p
}

// copy copies what one side says to the other. Here an answer comes in one
// piece.
func (p *proxy) copy(to, from net.Conn, answers bool) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 1<<20)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if answers && p.left.Load() > 0 && p.left.Add(-1) == 0 {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}
