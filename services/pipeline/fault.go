package pipeline

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/services/expr"
	"github.com/seed90475182/restspace/urlpattern"
)

// A Fault is one thing that is wrong with a pipeline.
type Fault struct {
	At      jsontext.Pointer // into the pipeline
	Offset  int              // in bytes, in the string there; -1: all of it
	Message string           // what is wrong, and what to write instead
}

// Error returns the offset and the message.
func (f *Fault) Error() string {
	if f.Offset < 0 {
		return f.Message
	}
	return fmt.Sprintf("byte %d: %s", f.Offset, f.Message)
}

// Pointer returns where in the pipeline it is.
func (f *Fault) Pointer() string { return string(f.At) }

// line returns the whole of it: where in the pipeline, and what.
func (f *Fault) line() string { return strings.TrimPrefix(f.Pointer()+": "+f.Error(), ": ") }

// member returns it as the member errors of a problem has it.
func (f *Fault) member() map[string]any {
	told := map[string]any{"pointer": f.Pointer(), "detail": f.Message}
	if f.Offset >= 0 {
		told["offset"] = f.Offset
	}
	return told
}

// faultOf makes a fault of an error in what stands at byte offset of the string
// at a pointer.
func faultOf(at jsontext.Pointer, offset int, err error) *Fault {
	if syntax, ok := errors.AsType[*urlpattern.SyntaxError](err); ok {
		return &Fault{at, offset + syntax.Offset, syntax.Message}
	}
	if syntax, ok := errors.AsType[*expr.SyntaxError](err); ok {
		return &Fault{at, offset + syntax.Offset, syntax.Message}
	}
	if made, ok := errors.AsType[*expr.TransformError](err); ok {
		return &Fault{at + jsontext.Pointer(made.Pointer), made.Offset, made.Message}
	}
	return &Fault{at, offset, err.Error()}
}
