package s3store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/seed90475182/restspace/adaptors"
)

// maxPage is the most entries that a server gives at once.
const maxPage = 1000

// List is part of adaptors.Store. An entry has no ETag: the server's listing
// does not tell which write an object is of.
func (s *Store) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	return func(yield func(adaptors.Info, error) bool) {
		after := adaptors.Position(o.After)
		l := listing{dir: s.prefix, after: after, last: after}
		if len(prefix) > 0 {
			l.dir += prefix.String() + "/"
		}
		if len(l.dir) >= maxName {
			return // no name begins so
		}
		in := &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: &l.dir, Delimiter: aws.String("/"), EncodingType: types.EncodingTypeUrl}
		if o.Page > 0 && o.Page < maxPage {
			in.MaxKeys = aws.Int32(int32(o.Page))
		}
		if o.After != "" {
			in.StartAfter = aws.String(l.dir + beyond(l.last))
		}
		for {
			out, err := s.api.ListObjectsV2(ctx, in)
			if err != nil {
				yield(adaptors.Info{}, failure(ctx, err))
				return
			}
			if more, err := l.page(out, yield); err != nil {
				yield(adaptors.Info{}, err)
				return
			} else if !more || !aws.ToBool(out.IsTruncated) {
				return
			}
			token := aws.ToString(out.NextContinuationToken)
			if token == "" || token == aws.ToString(in.ContinuationToken) {
				yield(adaptors.Info{}, errors.New("the server's listing does not go on, and does not end"))
				return
			}
			in.StartAfter, in.ContinuationToken, in.MaxKeys = nil, &token, nil // more is wanted than was said
		}
	}
}

// beyond returns a name that is after all that a position stands for: what is
// in a directory comes after the directory itself.
func beyond(position string) string {
	if strings.HasSuffix(position, "/") {
		return position + "\U0010ffff"
	}
	return position
}

// listing is one on its way.
type listing struct {
	dir   string // what the names of its objects begin with
	after string // the position that it begins after
	last  string // the position of what was yielded before
}

// page yields the entries of an answer. The server has them in two lists, of
// documents and of directories, each in order. It returns false where the
// caller has enough.
func (l *listing) page(out *s3.ListObjectsV2Output, yield func(adaptors.Info, error) bool) (more bool, err error) {
	decode := func(s string) (string, error) { return s, nil }
	if out.EncodingType == types.EncodingTypeUrl {
		decode = url.QueryUnescape
	}
	objects, dirs := out.Contents, out.CommonPrefixes
	for len(objects) > 0 || len(dirs) > 0 {
		var name, dir string
		if len(objects) > 0 {
			name, err = decode(aws.ToString(objects[0].Key))
		}
		if len(dirs) > 0 && err == nil {
			dir, err = decode(aws.ToString(dirs[0].Prefix))
		}
		if err != nil {
			return false, fmt.Errorf("a name in the server's listing: %w", err)
		}
		info := adaptors.Info{Dir: true, Size: -1}
		if len(dirs) == 0 || len(objects) > 0 && name < dir {
			info = factsOf(objects[0].ETag, objects[0].Size, objects[0].LastModified, nil).info("")
			info.ETag = "" // whether it names a write, too, is not known
			objects = objects[1:]
		} else {
			name, dirs = dir, dirs[1:]
		}
		if more, err = l.entry(name, info, yield); !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

// entry yields one, unless its name is no document's or came already. Servers
// may begin early, but one that is out of order would leave documents out.
func (l *listing) entry(name string, info adaptors.Info, yield func(adaptors.Info, error) bool) (more bool, err error) {
	position, below := strings.CutPrefix(name, l.dir)
	if !below || position <= l.after || position == l.last {
		return true, nil
	}
	segment, ok := adaptors.UnescapeName(strings.TrimSuffix(position, "/"))
	if !ok {
		return true, nil
	}
	if position < l.last {
		return false, fmt.Errorf("the server's listing is not in the order of bytes: %q comes after %q", position, l.last)
	}
	l.last = position
	info.Name = segment
	return yield(info, nil), nil
}
