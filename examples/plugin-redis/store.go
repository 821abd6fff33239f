package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed90475182/restspace/adaptors"
)

const (
	// chunkSize is how much of a body is stored in one piece. It belongs to the
	// format: a store has the same one all its life.
	chunkSize = 256 << 10

	// grace is for how long chunks are kept that belong to no document: of a
	// body that is being written, and of one that was replaced while it is being
	// read. It begins anew with each chunk.
	grace = time.Minute
)

// store is an adaptors.Store. Its keys in Redis, each after the prefix:
//
//	doc/a/b   a hash: the facts of the document a/b, and its data if it is small
//	dir/a     a sorted set: the names in the directory a, a directory's with "/"
//	body/ID   a hash: the chunks of a large body, by their numbers
//	gone/ID   a deletion that a moment ago was done
//	revision  the highest ETag
//
// ID is of one write alone, so that a script knows one that it has done already:
// where an answer of Redis is lost, the client runs a script again.
type store struct {
	client *redis.Client
	prefix string

	chunk, put, remove, list *redis.Script
}

//go:embed chunk.lua
var chunkLua string

//go:embed write.lua
var writeLua string

//go:embed put.lua
var putLua string

//go:embed delete.lua
var deleteLua string

//go:embed list.lua
var listLua string

// open connects to Redis.
func open(ctx context.Context, c Config, _ adaptors.Env) (adaptors.Store, error) {
	client := redis.NewClient(&redis.Options{
		Addr:                  c.Address,
		Password:              c.Password,
		DB:                    c.DB,
		Protocol:              2,
		ContextTimeoutEnabled: true,
		MaxRetries:            1,
		DialerRetries:         1,
		DialTimeout:           2 * time.Second,
		ReadTimeout:           3 * time.Second, // twice, this is less than what the server allows a call
	})
	if err := client.Ping(ctx).Err(); err != nil {
		client.Close()
		return nil, fmt.Errorf("Redis at %s: %w", c.Address, failure(ctx, err))
	}
	return &store{
		client: client,
		prefix: c.Prefix,
		chunk:  redis.NewScript(chunkLua),
		put:    redis.NewScript(writeLua + putLua),
		remove: redis.NewScript(writeLua + deleteLua),
		list:   redis.NewScript(listLua),
	}, nil
}

// Close is told by package adaptors.
func (s *store) Close() error { return s.client.Close() }

// healthTimeout is how long Redis may take to say that it is there.
const healthTimeout = time.Second

// Health is told by package adaptors.
func (s *store) Health() error {
	ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
	defer cancel()
	return s.client.Ping(ctx).Err()
}

// document returns the Redis key of a document, directory that of a directory.
func (s *store) document(key adaptors.Key) string  { return s.prefix + "doc/" + path(key) }
func (s *store) directory(key adaptors.Key) string { return s.prefix + "dir/" + path(key) }

// path is the escaped names with slashes between them: byte order, and no two
// keys have the same.
func path(key adaptors.Key) string {
	names := make([]string, len(key))
	for i, segment := range key {
		names[i] = adaptors.EscapeName(segment)
	}
	return strings.Join(names, "/")
}

// writeKeys returns the Redis keys of one write, as write.lua wants them.
func (s *store) writeKeys(key adaptors.Key, own string) []string {
	keys := []string{s.prefix + "revision", own}
	for i := range key {
		keys = append(keys, s.document(key[:i+1]))
	}
	for i := range len(key) + 1 {
		keys = append(keys, s.directory(key[:i]))
	}
	return keys
}

// own returns a Redis key that nobody else has.
func (s *store) own(sort string) string { return s.prefix + sort + "/" + rand.Text() }
