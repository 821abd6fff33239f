package bus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
)

// A Body is the payload of a message: bytes, or a stream that is read once. It
// knows its media type and its size. A nil *Body is no payload.
type Body struct {
	mediaType string
	size      int64
	data      []byte
	stream    io.ReadCloser
	trailer   func() Header

	closing sync.Mutex // guards what follows
	onClose func()
	closed  bool // the stream is
}

// NewBody returns a body of bytes. The caller gives them away: nobody changes
// them afterwards. mediaType may be "" for unknown.
func NewBody(data []byte, mediaType string) *Body {
	return &Body{mediaType: mediaType, size: int64(len(data)), data: data}
}

// NewStream returns a body that is read from r once. size is in bytes, -1 if
// it is unknown. Who reads gets no more than a known size, and
// io.ErrUnexpectedEOF where r ends before it; an *os.File alone stays as it
// is, since net/http can hand it to the kernel. Closing the body closes r, also
// while another goroutine reads from it.
func NewStream(r io.ReadCloser, size int64, mediaType string) *Body {
	if _, isFile := r.(*os.File); size >= 0 && !isFile {
		r = &sizedStream{r, size}
	}
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
// status 400. What OnClose was given waits for Close.
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
	err = errors.Join(err, b.closeStream())
	if err != nil {
		b.stream = io.NopCloser(errReader{errors.New("the body is read already")})
		return nil, err
	}
	b.data, b.stream, b.size = data, nil, int64(len(data))
	return data, nil
}

func (b *Body) readAll(limit int64) ([]byte, error) {
	if b.size >= 0 {
		data := make([]byte, b.size)
		n, err := io.ReadFull(b.stream, data)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, &Error{Status: http.StatusBadRequest, Err: io.ErrUnexpectedEOF,
				Detail: fmt.Sprintf("the body ended after %d of %d bytes", n, b.size)}
		}
		return data, err
	}
	data, err := io.ReadAll(io.LimitReader(b.stream, limit))
	if err != nil || int64(len(data)) < limit {
		return data, err
	}
	if _, err = io.ReadFull(b.stream, make([]byte, 1)); err == nil {
		return nil, tooLarge(limit)
	}
	if err != io.EOF {
		return nil, err
	}
	return data, nil
}

// Reader returns the payload to be read from its start. It is the stream
// itself where the body is one, but a file is held to the size that was said
// of it. Closing stays with the body.
func (b *Body) Reader() io.Reader {
	switch {
	case b == nil:
		return http.NoBody
	case b.stream != nil:
		if file, ok := b.stream.(*os.File); ok && b.size >= 0 {
			return &sizedStream{file, b.size}
		}
		return b.stream
	default:
		return bytes.NewReader(b.data)
	}
}

// SetTrailer has a stream say what comes after it: trailer is called by
// [Body.Trailer].
func (b *Body) SetTrailer(trailer func() Header) { b.trailer = trailer }

// Trailer returns the trailer fields (RFC 9110 section 6.5) of a stream that
// was read to its end; before, those that were announced, without values.
func (b *Body) Trailer() Header {
	if b == nil || b.trailer == nil {
		return nil
	}
	return b.trailer()
}

// OnClose has f called once, when the body is closed, after what was set
// before it. b is not nil.
func (b *Body) OnClose(f func()) {
	b.closing.Lock()
	defer b.closing.Unlock()
	if before := b.onClose; before != nil {
		after := f
		f = func() { before(); after() }
	}
	b.onClose = f
}

// Close gives up what the body holds. Only the first call does anything; any
// goroutine may call it.
func (b *Body) Close() error {
	if b == nil {
		return nil
	}
	err := b.closeStream()
	b.closing.Lock()
	f := b.onClose
	b.onClose = nil
	b.closing.Unlock()
	if f != nil {
		f()
	}
	return err
}

func (b *Body) closeStream() error {
	if b.stream == nil {
		return nil
	}
	b.closing.Lock()
	done := b.closed
	b.closed = true
	b.closing.Unlock()
	if done {
		return nil
	}
	return b.stream.Close()
}

// sizedStream holds a stream to the size that was said of it.
type sizedStream struct {
	io.ReadCloser
	left int64
}

// Read is part of io.Reader.
func (s *sizedStream) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > s.left {
		p = p[:s.left]
	}
	n, err := s.ReadCloser.Read(p)
	s.left -= int64(n)
	if err == io.EOF && s.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func tooLarge(limit int64) error {
	return &Error{Status: http.StatusRequestEntityTooLarge, Type: TypeBodyTooLarge,
		Detail: fmt.Sprintf("the body is larger than the limit of %d bytes: send less, or raise maxBody (maxFile for files)", limit)}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
