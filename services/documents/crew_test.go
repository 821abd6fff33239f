package documents_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

// watched is a store that counts what it is asked.
type watched struct {
	adaptors.Store
	gets, lists, puts atomic.Int64
	most, now         atomic.Int64 // Puts at one time
	late              time.Duration
	listing           error
}

func (s *watched) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	s.gets.Add(1)
	return s.Store.Get(ctx, key, o)
}

func (s *watched) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	s.lists.Add(1)
	if s.listing != nil {
		return func(yield func(adaptors.Info, error) bool) { yield(adaptors.Info{}, s.listing) }
	}
	return s.Store.List(ctx, prefix, o)
}

func (s *watched) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	s.puts.Add(1)
	if now := s.now.Add(1); now > s.most.Load() {
		s.most.Store(now)
	}
	defer s.now.Add(-1)
	time.Sleep(s.late)
	return s.Store.Put(ctx, key, b, c)
}

// TestUnzipAsksLittle holds that a zip costs a store few requests beside the
// writes, also where its documents are there already.
func TestUnzipAsksLittle(t *testing.T) {
	store := &watched{Store: memstore.New(), late: time.Millisecond}
	c := newUnzipper(t, store, true)
	entries := make([]file, 300)
	for i := range entries {
		entries[i] = file{name: fmt.Sprintf("%d/%03d", i%3, i), content: "1"}
	}
	require.Equal(t, `{"created":300,"replaced":0}`, c.unzip("/in/", zipOf(t, entries...)).body)
	assert.Greater(t, store.most.Load(), int64(1), "at one time")
	assert.LessOrEqual(t, store.most.Load(), int64(16), "at one time")
	store.lists.Store(0)
	store.gets.Store(0)
	require.Equal(t, `{"created":0,"replaced":300}`, c.unzip("/in/", zipOf(t, entries...)).body)
	assert.Equal(t, int64(5), store.lists.Load(), "the root, /in and what is in it")
	assert.Less(t, store.gets.Load(), int64(150), "for schemas, some more each second")
	assert.Equal(t, int64(600), store.puts.Load())
}

// TestUnzipIntoManyDocuments holds that a directory of many documents is not
// listed for a few.
func TestUnzipIntoManyDocuments(t *testing.T) {
	store := &watched{Store: memstore.New()}
	c := newUnzipper(t, store, false)
	for i := range 2500 {
		c.put(fmt.Sprintf("/%04d", i), "1")
	}
	c.put("/z/a", "1")
	a := c.unzip("/", zipOf(t, file{name: "2400", content: "2"}, file{name: "new", content: "2"}))
	assert.Equal(t, `{"created":1,"replaced":1}`, a.body)
	assert.Equal(t, 409, c.unzip("/", zipOf(t, file{name: "z", content: "2"})).status)
	assert.Equal(t, 409, c.unzip("/", zipOf(t, file{name: "2400/x", content: "2"})).status)
	assert.Equal(t, 412, c.unzip("/", zipOf(t, file{name: "2400", content: "2"}), "If-None-Match", "*").status)
	store.lists.Store(0)
	assert.Equal(t, 412, c.unzip("/", zipOf(t, file{name: "newer", content: "2"}), "If-Match", "*").status)
	assert.Equal(t, int64(2), store.lists.Load(), "one given up, one for the name")
}

func TestUnzipWhoseChecksTakeTooLong(t *testing.T) {
	c := newUnzipper(t, &watched{Store: memstore.New(), listing: context.DeadlineExceeded}, true)
	a := c.unzip("/", zipOf(t, file{name: "a", content: "1"}))
	assert.Equal(t, 504, a.status)
	assert.Equal(t, "nothing was stored, since the time for the request was over before all of the zip was checked: send it in parts, or raise limits.timeout of the service", a.err.Detail)
}

// TestDeletesTellHowFarTheyCame holds that an answer says how many documents of
// a directory are deleted, and why not all.
func TestDeletesTellHowFarTheyCame(t *testing.T) {
	for _, row := range []struct {
		err    error
		status int
		kind   string
		reason string
	}{
		{context.DeadlineExceeded, 504, bus.TypeTimeout, "the time for the request is over: send it again, and it goes on, or raise limits.timeout of the service"},
		{io.ErrClosedPipe, 500, bus.TypeIncomplete, "the server could not delete one of the others"},
		{adaptors.ErrReadOnly, 403, bus.TypeIncomplete, "what is kept here can only be read"},
	} {
		c := newClient(t, keeping{memstore.New(), "stays.json", row.err}, true)
		for i := range 100 {
			c.put(fmt.Sprintf("/in/%d/doc", i), "1")
		}
		c.put("/in/x/stays", "1")
		a := c.do("DELETE", "/in/?$recursive=true", nil)
		assert.Equal(t, row.status, a.status)
		assert.Equal(t, row.kind, a.err.Type)
		assert.Equal(t, "100 documents of the directory are deleted, and the others are not: "+row.reason, a.err.Detail)
		assert.Equal(t, map[string]any{"deleted": int64(100)}, a.err.Members)
		assert.Equal(t, `["x/","x/stays.json"]`, c.get("/in/?$list=recursive").body)
	}
}

// keeping is a store in which deletions of a document fail.
type keeping struct {
	adaptors.Store
	key string
	err error
}

func (s keeping) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	if key[len(key)-1] == s.key {
		return s.err
	}
	return s.Store.Delete(ctx, key, c)
}
