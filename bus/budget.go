package bus

import (
	"fmt"
	"net/http"
)

// Limits bound what one request from outside may cause inside. Zero is no
// limit.
type Limits struct {
	Depth    int   // calls above a call
	Calls    int64 // calls in all
	Buffered int64 // bytes of streams that are held in memory at one time
}

// Enter counts a call inside, depth calls below the request, and refuses the
// one that is too many: 508 for depth, 429 for their number.
func (r *Root) Enter(depth int) error {
	if r.Limits.Depth > 0 && depth > r.Limits.Depth {
		return &Error{Status: http.StatusLoopDetected, Type: TypeDepth,
			Detail: fmt.Sprintf("services called one another more than %d levels deep: look for one that calls itself", r.Limits.Depth)}
	}
	if n := r.calls.Add(1); r.Limits.Calls > 0 && n > r.Limits.Calls {
		return &Error{Status: http.StatusTooManyRequests, Type: TypeBudget,
			Detail: fmt.Sprintf("the request led to more than %d calls", r.Limits.Calls)}
	}
	return nil
}

// Hold counts n bytes that are held in memory for the request; a negative n
// gives them back. Too many are a 413.
func (r *Root) Hold(n int64) error {
	if held := r.buffered.Add(n); n > 0 && r.Limits.Buffered > 0 && held > r.Limits.Buffered {
		r.buffered.Add(-n)
		return &Error{Status: http.StatusRequestEntityTooLarge, Type: TypeBudget,
			Detail: fmt.Sprintf("the request holds more than %d bytes in memory", r.Limits.Buffered)}
	}
	return nil
}
