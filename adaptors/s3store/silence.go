package s3store

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// maxSilence is how long the server may send nothing of an answer that it has
// begun.
const maxSilence = 30 * time.Second

// awaited is the body of an answer. It is closed, and its connection with it,
// when nothing of it comes for too long while somebody reads. How long readers
// take for what has come does not matter.
type awaited struct {
	io.ReadCloser
	limit  time.Duration
	timer  *time.Timer // runs during Read
	silent atomic.Bool // it was closed
}

func await(body io.ReadCloser, limit time.Duration) *awaited {
	a := &awaited{ReadCloser: body, limit: limit}
	a.timer = time.AfterFunc(limit, func() {
		a.silent.Store(true)
		_ = a.Close() // ends the Read
	})
	a.timer.Stop()
	return a
}

// Read is part of io.Reader.
func (a *awaited) Read(p []byte) (int, error) {
	a.timer.Reset(a.limit)
	n, err := a.ReadCloser.Read(p)
	a.timer.Stop()
	if err != nil && err != io.EOF && a.silent.Load() {
		err = busy(fmt.Errorf("the server has sent nothing more of its answer for %s", a.limit))
	}
	return n, err
}
