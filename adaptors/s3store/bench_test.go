package s3store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/s3store/s3test"
	"github.com/seed90475182/restspace/bus"
)

// The runs named raw call the client of the store itself, with its settings.

func benchmarkStore(b *testing.B) *Store {
	b.Helper()
	server := s3test.Start(b)
	s, err := Open(b.Context(), Config{
		Bucket: server.Bucket(b), Endpoint: server.Direct,
		Credentials: Credentials{AccessKeyID: server.AccessKeyID, SecretAccessKey: server.SecretAccessKey},
	}, adaptors.Env{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	return s
}

// sizes are those of the documents that benchmarks read and write.
var sizes = [...]struct {
	name  string
	bytes int
}{{"1KB", 1 << 10}, {"10MB", 10 << 20}}

func BenchmarkGet(b *testing.B) {
	s := benchmarkStore(b)
	ctx, buffer := b.Context(), make([]byte, 64<<10)
	for _, size := range sizes {
		key := adaptors.Key{size.name}
		_, err := s.Put(ctx, key, bus.NewBody(make([]byte, size.bytes), ""), adaptors.Condition{})
		require.NoError(b, err)
		raw := func() error {
			out, err := s.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: &key[0]})
			if err == nil {
				err = readAll(out.Body, buffer)
			}
			return err
		}
		store := func() error {
			body, _, err := s.Get(ctx, key, adaptors.GetOptions{})
			if err == nil {
				err = readAll(body.Stream(), buffer)
			}
			return err
		}
		b.Run(size.name, func(b *testing.B) { adaptortest.Compare(b, int64(size.bytes), raw, store) })
	}
}

func readAll(r io.ReadCloser, buffer []byte) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r, buffer)
	return errors.Join(err, r.Close())
}

// BenchmarkPut replaces an object: a HEAD and a PUT. Beside is one PUT.
func BenchmarkPut(b *testing.B) {
	each(b, func(b *testing.B, s *Store, data []byte) {
		raw := func() error { return rawPut(s, "raw", data) }
		store := func() error { return storePut(s, "store", data, adaptors.Condition{}) }
		adaptortest.Compare(b, int64(len(data)), raw, store)
	})
}

// BenchmarkPutLooking replaces an object. Beside are the same two requests.
func BenchmarkPutLooking(b *testing.B) {
	each(b, func(b *testing.B, s *Store, data []byte) {
		raw := func() error {
			_, err := s.api.HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: &s.bucket, Key: new("raw")})
			return errors.Join(err, rawPut(s, "raw", data))
		}
		require.NoError(b, rawPut(s, "raw", data))
		store := func() error { return storePut(s, "store", data, adaptors.Condition{}) }
		adaptortest.Compare(b, int64(len(data)), raw, store)
	})
}

// BenchmarkCreate makes a new object of each name.
func BenchmarkCreate(b *testing.B) {
	each(b, func(b *testing.B, s *Store, data []byte) {
		n := 0
		raw := func() error {
			n++
			return rawPut(s, fmt.Sprint("raw", n), data)
		}
		store := func() error {
			n++
			return storePut(s, fmt.Sprint("store", n), data, adaptors.Condition{Absent: true})
		}
		adaptortest.Compare(b, int64(len(data)), raw, store)
	})
}

// BenchmarkPutStream replaces an object with a stream, in parts. Beside is an
// upload of the same parts.
func BenchmarkPutStream(b *testing.B) {
	s := benchmarkStore(b)
	const size = 10 << 20
	data := make([]byte, size)
	stream := func() io.ReadCloser {
		data[0]++
		return io.NopCloser(bytes.NewReader(data))
	}
	raw := func() error {
		_, err := transfermanager.New(s.api, func(o *transfermanager.Options) {
			o.PartSizeBytes, o.MultipartUploadThreshold = partSize-someLess/2, partSize
			o.Concurrency = atOnce
			o.RequestChecksumCalculation = s.checksums
		}).UploadObject(b.Context(), &transfermanager.UploadObjectInput{Bucket: &s.bucket, Key: new("raw"), Body: struct{ io.Reader }{stream()}})
		return err
	}
	store := func() error {
		_, err := s.Put(b.Context(), adaptors.Key{"store"}, bus.NewStream(stream(), size, ""), adaptors.Condition{})
		return err
	}
	adaptortest.Compare(b, size, raw, store)
}

// each benchmarks something with data of each size.
func each(b *testing.B, f func(b *testing.B, s *Store, data []byte)) {
	s := benchmarkStore(b)
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) { f(b, s, make([]byte, size.bytes)) })
	}
}

// varied returns data of another size than before. What has the size of the
// object that it replaces is hashed, since the same bytes go another way.
func varied(data []byte) []byte { return data[rand.IntN(256):] }

func rawPut(s *Store, object string, data []byte) error {
	data = varied(data)
	_, err := s.api.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &s.bucket, Key: &object, Body: bytes.NewReader(data)})
	return err
}

func storePut(s *Store, name string, data []byte, c adaptors.Condition) error {
	_, err := s.Put(context.Background(), adaptors.Key{name}, bus.NewBody(varied(data), ""), c)
	return err
}
