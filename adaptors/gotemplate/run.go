package gotemplate

import (
	"context"
	"fmt"
	"io"
	"runtime"
)

const (
	maxSteps  = 1_000_000 // actions of one execution
	maxWork   = 32 << 20  // bytes that its functions read and make
	maxFrames = 10_000    // of its stack: about a thousand templates in one another
)

// limit is an error that ends an execution.
type limit string

func (l limit) Error() string { return string(l) }

var (
	errSteps = limit(fmt.Sprintf("the template does more than %d steps", maxSteps))
	errWork  = limit(fmt.Sprintf("the template makes more than %d bytes of text on its way", maxWork))
	errDepth = limit("templates are nested too deep in one another: does one include itself without an end?")
)

// run is what one execution has used up. It is the writer of its template, and
// all functions of the template are its methods.
type run struct {
	to    io.Writer
	err   func() error // of the context
	steps int
	work  int
}

func (r *run) begin(ctx context.Context, to io.Writer) {
	*r = run{to: to, err: ctx.Err}
}

// end lets go of what belongs to the execution.
func (r *run) end() { *r = run{} }

// Write is part of io.Writer. An empty text is a mark: see guard.
func (r *run) Write(p []byte) (int, error) {
	if len(p) > 0 {
		return r.to.Write(p)
	}
	r.steps++
	switch {
	case r.steps > maxSteps:
		return 0, errSteps
	case r.steps%256 == 0 && deep():
		return 0, errDepth
	}
	return 0, r.err()
}

// deep reports whether the stack has too many frames. Between two looks at it
// it can grow by 256 templates.
func deep() bool {
	var frame [1]uintptr
	return runtime.Callers(maxFrames, frame[:]) > 0
}

// spend is called before n bytes are read or made.
func (r *run) spend(n int) error {
	if n > maxWork-r.work {
		return errWork
	}
	r.work += n
	return nil
}
