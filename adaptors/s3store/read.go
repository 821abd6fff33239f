package s3store

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// Get is part of adaptors.Store. The body is read from the server while the
// caller reads it.
func (s *Store) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	object, err := s.object(key)
	if err != nil {
		return nil, adaptors.Info{}, err
	}
	name := key[len(key)-1]
	if o.Meta || o.Range != nil && o.Range.First < 0 && o.Range.Last == 0 { // no field asks for the last 0 bytes
		return s.meta(ctx, object, name, o.Range)
	}
	in := &s3.GetObjectInput{Bucket: &s.bucket, Key: &object}
	if o.Range != nil {
		in.Range = rangeField(*o.Range)
	}
	out, err := s.api.GetObject(ctx, in)
	if err != nil {
		if err = failure(ctx, err); status(err) == http.StatusRequestedRangeNotSatisfiable {
			return s.meta(ctx, object, name, o.Range)
		}
		return nil, adaptors.Info{}, err
	}
	length := int64(-1)
	if out.ContentLength != nil {
		length = *out.ContentLength
	}
	info := factsOf(out.ETag, out.ContentLength, out.LastModified, out.Metadata).info(name)
	body := bus.NewStream(out.Body, length, "")
	if o.Range == nil {
		return body, info, nil
	}
	info.Size, err = wholeSize(out.ContentRange, length, *o.Range)
	if err != nil {
		_ = body.Close() // nobody reads it
		return nil, info, err
	}
	return body, info, nil
}

// meta returns the facts of an object, and ErrRange where it has no byte of a
// range.
func (s *Store) meta(ctx context.Context, object, name string, of *adaptors.Range) (*bus.Body, adaptors.Info, error) {
	f, err := s.find(ctx, object)
	if err != nil {
		return nil, adaptors.Info{}, err
	}
	info := f.info(name)
	if of != nil {
		_, _, err = of.Resolve(f.size)
	}
	return nil, info, err
}

// rangeField returns a range as a request has it (RFC 9110 section 14.1.1).
func rangeField(r adaptors.Range) *string {
	text := "bytes="
	if r.First >= 0 {
		text += strconv.FormatInt(r.First, 10)
	}
	text += "-"
	if r.First < 0 || r.Last >= 0 {
		text += strconv.FormatInt(r.Last, 10)
	}
	return &text
}

// wholeSize returns the size of an object from the answer to a range of it, of
// which length bytes came. Content-Range is "bytes 3-5/10" (RFC 9110 section
// 14.4); without it the answer is the whole object.
func wholeSize(contentRange *string, length int64, asked adaptors.Range) (int64, error) {
	if contentRange != nil {
		_, total, _ := strings.Cut(*contentRange, "/")
		size, err := strconv.ParseInt(total, 10, 64)
		if err != nil {
			return -1, fmt.Errorf("the server says Content-Range: %s, which tells no size", *contentRange)
		}
		return size, nil
	}
	offset, n, err := asked.Resolve(length)
	if err == nil && (offset > 0 || n < length) {
		err = fmt.Errorf("the server gives all of an object where a range of it was asked for: %w", fs.ErrInvalid)
	}
	return length, err
}
