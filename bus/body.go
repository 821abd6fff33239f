package bus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// A Body is the payload of a message: bytes, or a stream that is read once. It
// knows its media type and its size. A nil *Body is no payload.
type Body struct {
	mediaType string
	size      int64
	data      []byte
	stream    io.ReadCloser
	onClose   func()
}

// NewBody returns a body of bytes. The caller gives them away: nobody changes
// them afterwards. mediaType may be "" for unknown.
func NewBody(data []byte, mediaType string) *Body {
	return &Body{mediaType: mediaType, size: int64(len(data)), data: data}
}

// NewStream returns a body that is read from r once. size is in bytes, -1 if
// it is unknown; a stream that ends before its known size is an error to its
// reader. Closing the body closes r. An *os.File is recognised where it helps.
func NewStream(r io.ReadCloser, size int64, mediaType string) *Body {
	return &Body{mediaType: mediaType, size: size, stream: r}
}

// MediaType returns the value for Content-Type, parameters included; "" is
// unknown.
func (b *Body) MediaType() string {
	if b == nil {
		return ""
	}
	return b.mediaType
}

// Size returns the number of bytes, or -1 if it is unknown.
func (b *Body) Size() int64 {
	if b == nil {
		return 0
	}
	return b.size
}

// Stream returns the reader of a body that is a stream, and nil for one of
// bytes. Who reads from it still closes the body.
func (b *Body) Stream() io.ReadCloser {
	if b == nil {
		return nil
	}
	return b.stream
}

// Bytes returns the whole payload, reading a stream to its end and closing it.
// The array is the one that the body holds: it is not changed. More bytes than
// limit are an [Error] of status 413, fewer than the stream promised one of
// status 400.
func (b *Body) Bytes(limit int64) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	if b.size > limit {
		return nil, tooLarge(limit)
	}
	if b.stream == nil {
		return b.data, nil
	}
	data, err := b.readAll(limit)
	err = errors.Join(err, b.stream.Close())
	b.stream = io.NopCloser(errReader{errors.New("the body is read already")})
	if err != nil {
		return nil, err
	}
	b.data, b.stream, b.size = data, nil, int64(len(data))
	return data, nil
}

func (b *Body) readAll(limit int64) ([]byte, error) {
	if b.size >= 0 {
		data := make([]byte, b.size)
		n, err := io.ReadFull(b.stream, data)
		if err != nil && b.size > 0 {
			return nil, shortBody(int64(n), b.size, err)
		}
		return data, nil
	}
	data, err := io.ReadAll(io.LimitReader(b.stream, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, tooLarge(limit)
	}
	return data, nil
}

// Reader returns the payload to be read from its start. It is the stream
// itself where the body is one. Closing stays with the body.
func (b *Body) Reader() io.Reader {
	switch {
	case b == nil:
		return http.NoBody
	case b.stream != nil:
		return b.stream
	default:
		return bytes.NewReader(b.data)
	}
}

// OnClose has f called when the body is closed, after what was set before it.
func (b *Body) OnClose(f func()) {
	if before := b.onClose; before != nil {
		after := f
		f = func() { before(); after() }
	}
	b.onClose = f
}

// Close gives up what the body holds. It may be called more than once.
func (b *Body) Close() error {
	if b == nil {
		return nil
	}
	var err error
	if b.stream != nil {
		err = b.stream.Close()
	}
	if f := b.onClose; f != nil {
		b.onClose = nil
		f()
	}
	return err
}

func tooLarge(limit int64) error {
	return &Error{Status: http.StatusRequestEntityTooLarge, Type: TypeBodyTooLarge,
		Detail: fmt.Sprintf("the body is larger than the limit of %d bytes: send less, or raise maxBody (maxFile for files)", limit)}
}

func shortBody(read, size int64, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return &Error{Status: http.StatusBadRequest, Err: err,
		Detail: fmt.Sprintf("the body ended after %d of %d bytes", read, size)}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
