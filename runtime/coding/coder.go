package coding

import (
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sync/semaphore"
)

// names returns the codings, the one that packs best first.
func names() []string { return []string{"zstd", "gzip"} }

const (
	maxAtWork = 64
	pieceSize = 32 << 10
	window    = 64 << 10 // of zstd; gzip has 32 KiB
)

// A Coder packs replies. Make one with [New], and keep it: it uses its memory
// again. Safe for concurrent use.
type Coder struct {
	places     *semaphore.Weighted
	zstd, gzip sync.Pool // *packer
}

// New returns a Coder.
func New() *Coder {
	return &Coder{
		places: semaphore.NewWeighted(maxAtWork),
		zstd:   sync.Pool{New: func() any { return &packer{encoder: newZstd()} }},
		gzip:   sync.Pool{New: func() any { return &packer{encoder: newGzip()} }},
	}
}

// packer is an encoder with the piece that it packs.
type packer struct {
	encoder
	piece [pieceSize]byte
}

type encoder interface {
	io.WriteCloser
	Flush() error
	Reset(to io.Writer)
}

func newZstd() encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(window),
		zstd.WithLowerEncoderMem(true), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(fmt.Sprintf("coding: zstd: %v", err)) // the options are wrong
	}
	return e
}

func newGzip() encoder {
	e, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(fmt.Sprintf("coding: gzip: %v", err)) // the level is wrong
	}
	return e
}

func (c *Coder) pool(name string) *sync.Pool {
	if name == "zstd" {
		return &c.zstd
	}
	return &c.gzip
}

// take returns a packer of the coding, nil if too many are at work.
func (c *Coder) take(name string) *packer {
	if !c.places.TryAcquire(1) {
		return nil
	}
	return c.pool(name).Get().(*packer)
}

func (c *Coder) give(name string, p *packer) {
	p.Reset(nil)
	c.pool(name).Put(p)
	c.places.Release(1)
}
