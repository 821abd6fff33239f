package s3store

import (
	"context"
	"crypto/rand"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/oklog/ulid/v2"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// writeKey is where the metadata of an object has the id of its write.
const writeKey = "restspace-write"

// newWrite returns the id of a write that begins now.
func newWrite() string { return ulid.MustNew(ulid.Now(), rand.Reader).String() }

// facts are what the server says of an object.
type facts struct {
	etag     string // the server's, without quotes
	write    string // the id of the write; "" if it is not ours
	size     int64
	modified time.Time
}

// factsOf returns the facts of an answer. What it does not say stays unknown.
func factsOf(etag *string, size *int64, modified *time.Time, metadata map[string]string) *facts {
	f := &facts{etag: bare(etag), size: -1, write: metadata[writeKey]}
	if size != nil {
		f.size = *size
	}
	if modified != nil {
		f.modified = *modified
	}
	return f
}

// bare returns an entity tag without its quotes, and "" for what is no strong one
// (RFC 9110 section 8.8.3): S3 has no others.
func bare(etag *string) string {
	text := strings.Trim(aws.ToString(etag), `"`)
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == '"' || r >= 0x7f }) {
		return ""
	}
	return text
}

// info returns the facts as callers see them.
func (f *facts) info(name string) adaptors.Info {
	info := adaptors.Info{Name: name, Size: f.size, ModTime: f.modified, ETag: f.etag, Content: f.etag}
	id, err := ulid.ParseStrict(f.write)
	if err != nil {
		return info
	}
	info.ModTime = ulid.Time(id.Time()).UTC()
	if f.etag != "" {
		info.ETag += "-" + f.write
	}
	return info
}

// look returns the facts of an object, and nil where the server finds none:
// then the whole bucket may be missing.
func (s *Store) look(ctx context.Context, object string) (*facts, error) {
	out, err := s.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &object})
	if err == nil {
		return factsOf(out.ETag, out.ContentLength, out.LastModified, out.Metadata), nil
	}
	if err = failure(ctx, err); status(err) == http.StatusNotFound {
		return nil, nil
	}
	return nil, err
}

// find is look for who has to know: an object that is missing is
// fs.ErrNotExist, a bucket is another error.
func (s *Store) find(ctx context.Context, object string) (*facts, error) {
	f, err := s.look(ctx, object)
	if f == nil && err == nil {
		err = s.askForBucket(ctx)
		if err == nil {
			err = fs.ErrNotExist
		}
	}
	return f, err
}

// check compares a condition with an object, nil for none.
func (f *facts) check(c *adaptors.Condition) error {
	if f == nil {
		return c.Check(nil)
	}
	info := f.info("")
	return c.Check(&info)
}

// noETag is about objects that came to a server in another way than by S3.
func noETag() error {
	return &bus.Error{Status: http.StatusNotImplemented, Type: bus.TypeCondition,
		Detail: "the storage of the documents says no ETag of this one, so that no condition holds a write of it: write it once without one"}
}
