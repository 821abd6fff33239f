package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// stored is the hash of a document.
type stored struct {
	ETag   string `redis:"etag"`
	Time   string `redis:"time"`
	Size   string `redis:"size"`
	Body   string `redis:"body"` // the Redis key of the chunks
	Chunks int    `redis:"chunks"`
	Data   []byte `redis:"data"` // where there are none
}

// Get is part of adaptors.Store. What is small comes with the facts.
func (s *store) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	fields := []string{"etag", "time", "size", "body", "chunks", "data"}
	if o.Meta {
		fields = fields[:3]
	}
	var d stored
	if err := s.client.HMGet(ctx, s.document(key), fields...).Scan(&d); err != nil {
		return nil, adaptors.Info{}, failure(ctx, err)
	}
	if d.ETag == "" {
		return nil, adaptors.Info{}, fs.ErrNotExist
	}
	info, err := infoOf(key[len(key)-1], d.ETag, d.Time, d.Size)
	if err != nil {
		return nil, info, err
	}
	offset, length := int64(0), info.Size
	if o.Range != nil {
		if offset, length, err = o.Range.Resolve(info.Size); err != nil {
			return nil, info, err
		}
	}
	switch {
	case o.Meta:
		return nil, info, nil
	case d.Chunks > 0:
		return bus.NewStream(s.chunks(ctx, d.Body, offset), length, ""), info, nil
	case int64(len(d.Data)) != info.Size:
		return nil, info, fmt.Errorf("the document has %d bytes in Redis, and says that it has %d", len(d.Data), info.Size)
	}
	return bus.NewBody(d.Data[offset:offset+length], ""), info, nil
}

// chunks returns a reader of a large body from offset on. After the last chunk
// comes an error: its caller knows where the body ends.
func (s *store) chunks(ctx context.Context, body string, offset int64) io.ReadCloser {
	number, skip := offset/chunkSize, int(offset%chunkSize)
	return io.NopCloser(&chunkReader{next: func() ([]byte, error) {
		chunk, err := s.getChunk(ctx, body, number)
		if err == nil && len(chunk) <= skip {
			err = fmt.Errorf("chunk %d of the document has only %d bytes", number, len(chunk))
		}
		if err != nil {
			return nil, err
		}
		chunk, skip = chunk[skip:], 0
		number++
		return chunk, nil
	}})
}

// getChunk gets one chunk, and keeps a body that was replaced from expiring.
func (s *store) getChunk(ctx context.Context, body string, number int64) ([]byte, error) {
	p := s.client.Pipeline()
	chunk := p.HGet(ctx, body, strconv.FormatInt(number, 10))
	p.ExpireXX(ctx, body, grace) // refused by a Redis that can only be read
	_, _ = p.Exec(ctx)
	data, err := chunk.Bytes()
	if err == redis.Nil {
		return nil, fmt.Errorf("chunk %d of the document is gone: it was replaced, and nobody read of it for %s", number, grace)
	}
	return data, failure(ctx, err)
}

// chunkReader reads chunks, none of which is empty.
type chunkReader struct {
	next func() ([]byte, error)
	rest []byte
}

func (r *chunkReader) Read(p []byte) (n int, err error) {
	if len(r.rest) == 0 {
		if r.rest, err = r.next(); err != nil {
			return 0, err
		}
	}
	n = copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// infoOf returns the facts of a document from the values in its hash.
func infoOf(name, etag, micros, size string) (adaptors.Info, error) {
	at, err1 := strconv.ParseInt(micros, 10, 64)
	n, err2 := strconv.ParseInt(size, 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return adaptors.Info{}, fmt.Errorf("the facts of %q in Redis are not whole: %w", name, err)
	}
	return adaptors.Info{Name: name, ETag: etag, ModTime: time.UnixMicro(at), Size: n}, nil
}

// maxPage is how many entries of a listing come at once.
const maxPage = 1000

// List is part of adaptors.Store. What is shown of a page was there at one time.
func (s *store) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	page := maxPage
	if 0 < o.Page && o.Page < maxPage {
		page = o.Page
	}
	documents := s.document(prefix)
	if len(prefix) > 0 {
		documents += "/"
	}
	return func(yield func(adaptors.Info, error) bool) {
		for after, more := adaptors.Position(o.After), true; more; {
			lines, err := s.list.RunRO(ctx, s.client, []string{s.directory(prefix)}, after, page, documents).StringSlice()
			if err != nil {
				yield(adaptors.Info{}, failure(ctx, err))
				return
			}
			for line := range slices.Chunk(lines, 4) {
				info, err := entry(line)
				if !yield(info, err) || err != nil {
					return
				}
				after = line[0]
			}
			more = len(lines) == 4*page
		}
	}
}

// entry returns one of a listing, as list.lua gives it.
func entry(line []string) (adaptors.Info, error) {
	name, dir := strings.CutSuffix(line[0], "/")
	segment, ok := adaptors.UnescapeName(name)
	switch {
	case !ok:
		return adaptors.Info{}, fmt.Errorf("%q in the listing is no name of a document", line[0])
	case dir:
		return adaptors.Info{Name: segment, Dir: true, Size: -1}, nil
	}
	return infoOf(segment, line[1], line[2], line[3])
}
