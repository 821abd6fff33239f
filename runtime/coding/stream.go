package coding

import (
	"bytes"
	"io"

	"github.com/seed90475182/restspace/bus"
)

// stream packs the payload of a body as it is read.
type stream struct {
	body   *bus.Body
	from   io.Reader // of body
	left   int64     // of body; below zero: unknown
	packer *packer   // nil: given back
	give   func(*packer)
	packed bytes.Buffer // what nobody has read yet
}

// Read is part of io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	for s.packed.Len() == 0 && s.packer != nil {
		if err := s.step(); err != nil {
			return 0, err
		}
	}
	return s.packed.Read(p)
}

// all packs the whole body.
func (s *stream) all() ([]byte, error) {
	s.packed.Grow(int(s.left/4) + bytes.MinRead)
	for s.packer != nil {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	return s.packed.Bytes(), nil
}

// step packs the next piece. After the last one the packer is given back.
func (s *stream) step() error {
	piece := s.packer.piece[:]
	if s.left >= 0 && s.left < pieceSize {
		piece = piece[:s.left]
	}
	var n int
	err := io.EOF
	if len(piece) > 0 {
		n, err = s.from.Read(piece)
	}
	if _, err := s.packer.Write(piece[:n]); err != nil {
		return err
	}
	if s.left >= 0 {
		s.left -= int64(n)
	}
	switch {
	case err == io.EOF && s.left > 0:
		return io.ErrUnexpectedEOF
	case err == io.EOF:
		err = s.packer.Close()
		s.end()
		return err
	case err == nil && s.left < 0:
		return s.packer.Flush()
	}
	return err
}

// end gives the packer back.
func (s *stream) end() {
	if p := s.packer; p != nil {
		s.packer = nil
		s.give(p)
	}
}

// Close is part of io.Closer.
func (s *stream) Close() error {
	s.end()
	return s.body.Close()
}
