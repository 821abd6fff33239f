package edge

import (
	"errors"
	"net/http"
	"slices"
	"time"
)

// streamWriter writes the answer of a stream of HTTP/2. Its client may stop one
// stream while the connection goes on, so each piece has its time here, as all
// that a conn writes has there. No deadline stands while nothing is written:
// the next piece may be long in coming.
type streamWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	window  time.Duration
	pauses  bool // there may be time between two pieces
}

// Write is part of http.ResponseWriter.
func (w *streamWriter) Write(p []byte) (n int, err error) {
	for piece := range slices.Chunk(p, writePiece) {
		m := 0
		err := w.within(len(piece), func() (err error) {
			m, err = w.ResponseWriter.Write(piece)
			return err
		})
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// FlushError is what an http.ResponseController flushes with.
func (w *streamWriter) FlushError() error { return w.within(0, w.control.Flush) }

// within gives write the time that n bytes may take.
func (w *streamWriter) within(n int, write func() error) error {
	err := w.allow(n)
	if err == nil {
		err = write()
	}
	if w.pauses {
		err = errors.Join(err, w.control.SetWriteDeadline(time.Time{}))
	}
	return err
}

// allow gives n bytes, and what net/http has still to write, their time.
func (w *streamWriter) allow(n int) error {
	return w.control.SetWriteDeadline(time.Now().Add(timeFor(int64(n), w.window)))
}
