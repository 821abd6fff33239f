package s3store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

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
	for range maxTries {
		out, err := s.api.GetObject(ctx, in)
		if err == nil {
			return content(out, name, o.Range)
		}
		if err = failure(ctx, err); status(err) != http.StatusRequestedRangeNotSatisfiable || o.Range == nil {
			return nil, adaptors.Info{}, err
		}
		_, info, err := s.meta(ctx, object, name, o.Range)
		if err != nil {
			return nil, info, err
		} // else it has grown since,
		if o.Range.First < 0 && o.Range.Last >= info.Size {
			in.Range = nil // or the server knows no range that is longer than the object
		}
	}
	return nil, adaptors.Info{}, contended()
}

// content returns the body and the facts of an answer.
func content(out *s3.GetObjectOutput, name string, asked *adaptors.Range) (*bus.Body, adaptors.Info, error) {
	info := factsOf(out.ETag, out.ContentLength, out.LastModified, out.Metadata).info(name)
	size, err := wholeSize(out, asked)
	info.Size = size
	if err != nil {
		_ = out.Body.Close() // nobody reads it
		return nil, info, err
	}
	return bus.NewStream(&toEnd{out.Body, *out.ContentLength}, *out.ContentLength, ""), info, nil
}

// toEnd reads the end of a stream with the last of its bytes, since the SDK
// compares the checksum of an object there. These are withheld if it is wrong.
type toEnd struct {
	io.ReadCloser
	left int64
}

// Read is part of io.Reader.
func (r *toEnd) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if r.left -= int64(n); r.left > 0 {
		return n, err
	}
	if err == nil {
		_, err = r.ReadCloser.Read(make([]byte, 1))
	}
	if err != nil && err != io.EOF {
		return 0, err
	}
	return n, err
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

// wholeSize returns the size of an object from an answer that has all of it, or
// the range that was asked for. What it has is in Content-Range, as in
// "bytes 3-5/10" (RFC 9110 section 14.4); without that it is the whole object.
// An answer with other bytes is an error, and so is one of unknown length: the
// half of it would pass for the whole.
func wholeSize(out *s3.GetObjectOutput, asked *adaptors.Range) (int64, error) {
	if out.ContentLength == nil {
		return -1, errors.New("the server does not say how long the object is")
	}
	size := *out.ContentLength
	first, last := int64(0), size-1
	if out.ContentRange != nil {
		if _, err := fmt.Sscanf(*out.ContentRange, "bytes %d-%d/%d", &first, &last, &size); err != nil {
			return -1, fmt.Errorf("the server says Content-Range: %q, which tells no size", *out.ContentRange)
		}
	}
	offset, length := int64(0), size
	if asked != nil {
		var err error
		if offset, length, err = asked.Resolve(size); err != nil {
			return size, err
		}
	}
	if first != offset || last != offset+length-1 || *out.ContentLength != length {
		return -1, fmt.Errorf("the server gives %d bytes from %d on where %d from %d on were asked for", *out.ContentLength, first, length, offset)
	}
	return size, nil
}
