package s3store

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/seed90475182/restspace/bus"
)

const (
	partSize  = 8 << 20 // more is sent in parts of this size,
	someLess  = 3 << 20 // and up to this smaller
	atOnce    = 2       // parts of an upload that are sent side by side
	abortTime = 30 * time.Second

	// lingerTime is how long parts that are on their way when the caller leaves
	// may take to arrive: the abort of their upload must not come before them.
	lingerTime = 5 * time.Second
)

// begin reads a body that is sent whole, and of a larger one the beginning;
// then rest is what comes after it. What is in memory already is sent whole,
// however large: that takes no more memory, and fewer requests.
func begin(ctx context.Context, b *bus.Body) (head []byte, rest io.Reader, err error) {
	source := &source{r: b.Reader(), over: ctx.Err}
	switch size := b.Size(); {
	case b.Stream() != nil && size > partSize:
		return nil, source, nil
	case size >= 0:
		head, err = b.Bytes(size)
	default:
		head, err = io.ReadAll(io.LimitReader(source, partSize+1))
		if len(head) > partSize {
			rest = source
		}
	}
	switch {
	case source.err != nil:
		err = source.err
	case err == nil:
		err = ctx.Err()
	}
	return head, rest, err
}

// source is a body that is read for an upload. It keeps the error that ended
// it, and shows another one: io.ErrUnexpectedEOF would be an end to some.
type source struct {
	r    io.Reader
	over func() error // why nobody wants it any more; nil is that somebody does
	err  error
}

var errSource = errors.New("the body can't be read")

// Read is part of io.Reader.
func (s *source) Read(p []byte) (n int, err error) {
	if err = s.over(); err == nil {
		n, err = s.r.Read(p)
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	if s.err == nil {
		s.err = err
		if errors.Is(err, io.ErrUnexpectedEOF) {
			s.err = &bus.Error{Status: http.StatusBadRequest, Err: err, Detail: "the body ended early"}
		}
	}
	return n, errSource
}

// whole sends a body with one request. Where the object has the very same bytes
// it goes as an upload of one part, since that has another ETag: who is about
// to replace what was there has to notice.
func (w *write) whole(ctx context.Context, data []byte) error {
	w.stored.size = int64(len(data))
	s := w.store
	return w.guarded(ctx, func(ctx context.Context, now *facts, g guard) (*string, error) {
		if now != nil && now.has(data) {
			if g.match != nil {
				if err := s.replaceFromParts.demand(ctx, s); err != nil {
					return nil, err
				}
			}
			return s.onePart(ctx, w.object, data, w.metadata(), g)
		}
		out, err := s.api.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &s.bucket, Key: &w.object, Body: bytes.NewReader(data), ContentLength: &w.stored.size,
			Metadata: w.metadata(), IfMatch: g.match, IfNoneMatch: g.noneMatch,
		})
		if err != nil {
			return nil, err
		}
		return out.ETag, nil
	}, &s.createOnly, &s.replaceIf)
}

// has reports whether an object that was sent with one request has these bytes.
func (f *facts) has(data []byte) bool {
	if f.size != int64(len(data)) {
		return false
	}
	sum := md5.Sum(data)
	return f.etag == hex.EncodeToString(sum[:])
}

// metadata returns what the object keeps of the write.
func (w *write) metadata() map[string]string { return map[string]string{writeKey: w.id} }

// onePart makes an object of an upload that has all of it in one part.
func (s *Store) onePart(ctx context.Context, object string, data []byte, metadata map[string]string, g guard) (etag *string, err error) {
	in := &s3.CreateMultipartUploadInput{Bucket: &s.bucket, Key: &object, Metadata: metadata}
	if s.checksums == aws.RequestChecksumCalculationWhenSupported {
		in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc32 // which the SDK takes for parts
	}
	upload, err := s.api.CreateMultipartUpload(ctx, in)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.abort(ctx, object, upload.UploadId)
		}
	}()
	part, err := s.api.UploadPart(ctx, &s3.UploadPartInput{Bucket: &s.bucket, Key: &object, UploadId: upload.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader(data)})
	if err != nil {
		return nil, err
	}
	out, err := s.api.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &s.bucket, Key: &object, UploadId: upload.UploadId, IfMatch: g.match, IfNoneMatch: g.noneMatch,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{
			PartNumber: aws.Int32(1), ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32,
		}}},
	})
	if err != nil {
		return nil, err
	}
	return out.ETag, nil
}

// abort removes the parts of an upload, also when the time of the caller is
// over. What it leaves is not seen by anybody.
func (s *Store) abort(ctx context.Context, object string, upload *string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
	defer cancel()
	_, _ = s.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: &object, UploadId: upload})
}

// parts sends a body in parts: head and what comes after it. size is -1 where it
// is not known.
func (w *write) parts(ctx context.Context, size int64, head []byte, rest io.Reader) error {
	s := w.store
	now, err := s.look(ctx, w.object)
	if err == nil {
		_, err = w.guard(ctx, now, &s.createOnlyFromParts, &s.replaceFromParts)
	}
	if err != nil {
		return err // before all of the body is sent
	}
	body := &counted{r: io.MultiReader(bytes.NewReader(head), rest)}
	end := &completion{Client: s.api, write: w, over: ctx.Err}
	longer, cancel := lingering(ctx)
	defer cancel()
	_, err = transfermanager.New(end, func(o *transfermanager.Options) {
		o.PartSizeBytes, o.MultipartUploadThreshold = partSize-rand.Int64N(someLess), partSize // so that the same bytes have another ETag
		o.Concurrency, o.FailTimeout = atOnce, abortTime
		o.RequestChecksumCalculation = s.checksums
	}).UploadObject(longer, &transfermanager.UploadObjectInput{
		Bucket: &s.bucket, Key: &w.object, Body: body, Metadata: w.metadata(),
		ContentLength: &size, // where the parts would be too many, they become larger
	})
	w.stored.size = body.n
	switch broken := rest.(*source).err; {
	case broken != nil:
		return broken
	case end.called:
		return end.err
	case err != nil:
		return failure(ctx, err)
	}
	return fmt.Errorf("the upload of %s ended without being completed", w.object)
}

// lingering returns a context that ends a while after ctx.
func lingering(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(lingerTime, cancel) })
	return longer, func() { stop(); cancel() }
}

// counted counts what is read.
type counted struct {
	r io.Reader
	n int64
}

// Read is part of io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// completion is a client whose uploads become an object only if the condition
// of a write holds.
type completion struct {
	*s3.Client
	write  *write
	over   func() error // why it is not to be completed any more
	called bool
	err    error
}

// CompleteMultipartUpload makes an object of the parts of an upload, or else
// aborts it. It returns no error: the one who calls it would print that on
// standard error.
func (c *completion) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput, options ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	s := c.write.store
	c.called = true
	if c.err = c.over(); c.err == nil {
		c.err = c.write.guarded(ctx, func(ctx context.Context, _ *facts, g guard) (etag *string, err error) {
			in.IfMatch, in.IfNoneMatch = g.match, g.noneMatch
			out, err := c.Client.CompleteMultipartUpload(ctx, in, options...)
			if err != nil {
				return nil, err
			}
			return out.ETag, nil
		}, &s.createOnlyFromParts, &s.replaceFromParts)
	}
	if c.err != nil {
		s.abort(ctx, c.write.object, in.UploadId)
	}
	return new(s3.CompleteMultipartUploadOutput), nil
}
