package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// Put is part of adaptors.Store. A large body goes to Redis in chunks before it
// is the document's: a script makes it that.
func (s *store) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	defer b.Close()
	own := s.own("body")
	sent, err := s.upload(ctx, own, b)
	if left := ctx.Err(); left != nil {
		err = left
	}
	if err != nil {
		s.forget(ctx, own, sent)
		return adaptors.Info{}, err
	}
	answer, err := s.run(ctx, s.put, s.writeKeys(key, own), &c, sent.size, sent.chunks, sent.data)
	if err != nil {
		return adaptors.Info{}, err // the chunks may be the document's by now, or expire
	}
	if err := refusal(answer); err != nil {
		s.forget(ctx, own, sent)
		return adaptors.Info{}, err
	}
	info, err := infoOf(key[len(key)-1], answer[1], answer[2], fmt.Sprint(sent.size))
	info.Created = answer[3] == "1"
	return info, err
}

// Delete is part of adaptors.Store.
func (s *store) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	answer, err := s.run(ctx, s.remove, s.writeKeys(key, s.own("gone")), &c)
	if err != nil {
		return err
	}
	return refusal(answer)
}

// run runs a script of a write. It goes on when the caller leaves, since nobody
// could say then what was done.
func (s *store) run(ctx context.Context, script *redis.Script, keys []string, c *adaptors.Condition, args ...any) ([]string, error) {
	condition, err := json.Marshal(conditionOf(c))
	if err != nil {
		return nil, err
	}
	args = append([]any{condition, int(grace.Seconds())}, args...)
	answer, err := script.Run(context.WithoutCancel(ctx), s.client, keys, args...).StringSlice()
	return answer, failure(context.Background(), err)
}

// condition is an adaptors.Condition for the scripts.
type condition struct {
	Exists     bool     `json:"exists,omitzero"`
	Absent     bool     `json:"absent,omitzero"`
	Match      []string `json:"match,omitzero"` // an empty list is a condition
	None       []string `json:"none,omitzero"`
	Unmodified *int64   `json:"unmodified,omitzero"` // seconds since 1970
}

func conditionOf(c *adaptors.Condition) condition {
	of := condition{Exists: c.Exists, Absent: c.Absent, Match: c.Match, None: c.NoneMatch}
	if !c.Unmodified.IsZero() {
		seconds := c.Unmodified.Unix()
		of.Unmodified = &seconds
	}
	return of
}

// refusal returns what a script says that is in the way of a write; nil is
// nothing.
func refusal(answer []string) error {
	switch answer[0] {
	case "OK":
		return nil
	case "MISSING":
		return fs.ErrNotExist
	case "EXISTS":
		return fs.ErrExist
	case "CONDITION":
		return adaptors.ErrCondition
	case "LATE":
		return fmt.Errorf("the body paused for more than %s: its first chunks have expired", grace)
	}
	return fmt.Errorf("Redis answers %q, which means nothing here", answer)
}

// upload is a body that was sent to Redis: its number of chunks, or the data
// itself of one that has none.
type upload struct {
	size   int64
	chunks int
	data   []byte
}

// upload sends the chunks of a body. A small one has none.
func (s *store) upload(ctx context.Context, own string, b *bus.Body) (sent upload, err error) {
	if size := b.Size(); 0 <= size && size <= chunkSize {
		data, err := b.Bytes(chunkSize)
		return upload{size: size, data: data}, err
	}
	from, buffer := b.Reader(), make([]byte, chunkSize)
	for {
		n, err := fill(buffer, from)
		sent.size += int64(n)
		switch {
		case err != nil && err != io.EOF:
			return sent, err
		case err == io.EOF && sent.chunks == 0:
			sent.data = buffer[:n]
			return sent, nil
		case n > 0:
			if err := s.send(ctx, own, sent.chunks, buffer[:n]); err != nil {
				return sent, err
			}
			sent.chunks++
		}
		if err == io.EOF {
			return sent, nil
		}
	}
}

// fill reads until the buffer is full. Unlike io.ReadFull it keeps the end of a
// body, io.EOF, apart from a body that broke.
func fill(buffer []byte, from io.Reader) (n int, err error) {
	for n < len(buffer) && err == nil {
		var m int
		m, err = from.Read(buffer[n:])
		n += m
	}
	return n, err
}

// send sends one chunk.
func (s *store) send(ctx context.Context, own string, chunk int, data []byte) error {
	return failure(ctx, s.chunk.Run(ctx, s.client, []string{own}, chunk, data, int(grace.Seconds())).Err())
}

// forget removes the chunks that are no document's. Where that fails, they
// expire.
func (s *store) forget(ctx context.Context, own string, sent upload) {
	if sent.chunks > 0 {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		s.client.Unlink(ctx, own)
	}
}
