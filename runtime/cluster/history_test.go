package cluster

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// A history is what clients asked of documents and what they were told. At the
// end it is held to what one server would have said that does one thing after
// the other.
type history struct {
	mu    sync.Mutex
	begun time.Time
	paths map[string]*register
	wrong []string // what needs no comparison
}

// A register is what is known of one document. It is never deleted.
type register struct {
	writes map[string]*write // by value; no value is written twice
	reads  []read
}

// write is a request that puts a value. Times are since the begin of the
// history.
type write struct {
	value       string
	begun       time.Duration
	seen        time.Duration // when it was known to be done: answered, or read by somebody; never is not known
	answered    bool          // that it is done
	replaces    string        // the value that its condition names; "" is none
	conditional bool
}

// read is an answer to a GET. The value "" is that there is no document.
type read struct {
	value        string
	begun, ended time.Duration
	by           string
}

const never = time.Duration(math.MaxInt64)

func newHistory() *history {
	return &history{begun: time.Now(), paths: make(map[string]*register)}
}

func (h *history) now() time.Duration { return time.Since(h.begun) }

func (h *history) register(path string) *register {
	r := h.paths[path]
	if r == nil {
		r = &register{writes: make(map[string]*write)}
		h.paths[path] = r
	}
	return r
}

// note notes what is wrong in itself.
func (h *history) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wrong = append(h.wrong, fmt.Sprintf(format, args...))
}

// begin notes that a write is about to be sent. replaces is the value that its
// condition names; nil is no condition.
func (h *history) begin(path, value string, replaces *string) *write {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := &write{value: value, begun: h.now(), seen: never}
	if replaces != nil {
		w.conditional, w.replaces = true, *replaces
	}
	h.register(path).writes[value] = w
	return w
}

// done notes that a write was answered as done.
func (h *history) done(w *write) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.seen, w.answered = min(w.seen, h.now()), true
}

// refused notes that a write was answered as not done.
func (h *history) refused(path string, w *write) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.register(path).writes, w.value)
}

// read notes what a GET that began at some time has found.
func (h *history) read(path, value, by string, begun time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.register(path)
	now := h.now()
	r.reads = append(r.reads, read{value, begun, now, by})
}

// faults returns all that is wrong.
func (h *history) faults() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	faults := h.wrong
	for path, r := range h.paths {
		for _, fault := range r.faults() {
			faults = append(faults, path+": "+fault)
		}
	}
	return faults
}

// faults compares the reads with the writes, and those with a condition with
// each other.
func (r *register) faults() (faults []string) {
	for _, one := range r.reads {
		if w := r.writes[one.value]; w != nil {
			w.seen = min(w.seen, one.ended)
		}
	}
	for _, one := range r.reads {
		if fault := r.judge(one); fault != "" {
			faults = append(faults, fmt.Sprintf("%s, at %v", fault, one.begun.Round(time.Millisecond)))
		}
	}
	replaced := make(map[string]string)
	for _, w := range r.writes {
		if !w.conditional || !w.answered {
			continue
		}
		if other, twice := replaced[w.replaces]; twice {
			faults = append(faults, fmt.Sprintf("%q was replaced by %q and by %q, and only that", w.replaces, w.value, other))
		}
		replaced[w.replaces] = w.value
	}
	return faults
}

// judge returns what is wrong with a read. Its value is stale where another one
// was begun after it was known to be there, and was known to be there itself
// before the read began.
func (r *register) judge(one read) string {
	w := r.writes[one.value]
	if w == nil && one.value != "" || w != nil && w.begun > one.ended {
		return fmt.Sprintf("%s reads %q, which nobody has written", one.by, one.value)
	}
	var seen time.Duration // of no document: before all
	if w != nil {
		seen = w.seen
	}
	for _, later := range r.writes {
		if later != w && later.begun > seen && later.seen < one.begun {
			return fmt.Sprintf("%s reads %q after %q was there", one.by, one.value, later.value)
		}
	}
	return ""
}
