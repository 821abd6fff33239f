package crash

import (
	"fmt"
	"maps"
	"math"
	"sync"
)

// A write is a request that changes a document, and what came of it.
type write struct {
	path     string
	puts     content // "" deletes
	replaces content // what its condition names; "" if it names none

	begun, ended int64 // by the clock of the journal; ended is never if no answer came
	outcome      outcome
	created      bool // 201
}

const never = math.MaxInt64

type outcome int

const (
	unknown      outcome = iota // no answer came: it was done or not
	acknowledged                // it was done, the server says
	refused                     // it was not done
)

// A journal knows what clients asked of a server and what it answered, and
// finds contradictions to that in what is there after a crash. Its time is
// divided in rounds, each from one look at all documents to the next.
type journal struct {
	mu      sync.Mutex
	clock   int64
	records map[string]*record // by path
	faults  []string           // what was lost, or is otherwise wrong
	total   [refused + 1]int   // writes by outcome
}

// A record is what a journal knows of one path.
type record struct {
	base     content            // what was there at the last look
	writes   []*write           // of this round
	tags     map[content]*tag   // the ETag of each content that was acknowledged or seen
	contents map[string]content // and the other way
	replaced map[content]bool   // by an acknowledged write with a condition
}

// A tag is the ETag of a content. It is sure if a write was acknowledged with
// it, or it was found after a crash: what a reader saw of a write that was not
// acknowledged a power cut may undo, and a counter then comes to the same number
// again, with another ETag.
type tag struct {
	text string
	sure bool
}

func newJournal() *journal { return &journal{records: make(map[string]*record)} }

func (j *journal) record(path string) *record {
	r := j.records[path]
	if r == nil {
		r = &record{tags: make(map[content]*tag), contents: make(map[string]content), replaced: make(map[content]bool)}
		j.records[path] = r
	}
	return r
}

// number returns a number that no other write has.
func (j *journal) number() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.clock++
	return j.clock
}

// count returns how many writes had an outcome.
func (j *journal) count(o outcome) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.total[o]
}

// fault notes that something is wrong.
func (j *journal) fault(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.note(format, args...)
}

func (j *journal) note(format string, args ...any) {
	j.faults = append(j.faults, fmt.Sprintf(format, args...))
}

// begin notes that a write is about to be sent.
func (j *journal) begin(w *write) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.clock++
	w.begun, w.ended = j.clock, never
	r := j.record(w.path)
	r.writes = append(r.writes, w)
	j.total[unknown]++
}

// end notes the answer to a write.
func (j *journal) end(w *write, o outcome, created bool, etag string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.clock++
	w.outcome, w.ended, w.created = o, j.clock, created
	j.total[unknown]--
	j.total[o]++
	if o != acknowledged {
		return
	}
	r := j.record(w.path)
	if w.replaces != "" {
		if r.replaced[w.replaces] {
			j.note("%s: two writes that replace %s, and only that, were acknowledged; the second is %s", w.path, w.replaces, w.puts)
		}
		r.replaced[w.replaces] = true
	}
	if w.puts != "" {
		j.tag(w.path, w.puts, etag, true)
	}
}

// saw notes that somebody read a content with an ETag.
func (j *journal) saw(path string, c content, etag string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tag(path, c, etag, false)
}

// tag holds a content to have one ETag, and an ETag to be of one content.
func (j *journal) tag(path string, c content, text string, sure bool) {
	r := j.record(path)
	known := r.tags[c]
	if known == nil {
		known = &tag{text: text}
		r.tags[c] = known
	}
	known.sure = known.sure || sure
	if text == "" || known.text != text {
		j.note("%s: %s has the ETag %q, it had %q", path, c, text, known.text)
	}
	if other, ok := r.contents[text]; ok && other != c {
		j.note("%s: the ETag %s is that of %s, and of %s", path, text, other, c)
	}
	r.contents[text] = c
}

// found ends the round of a path: c is what is there after a crash, with its
// ETag.
func (j *journal) found(path string, c content, etag string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r := j.record(path)
	if c != "" {
		j.tag(path, c, etag, true)
	}
	if !r.possible(c) {
		j.note("%s: %s is lost: found %s", path, name(r.last()), name(c))
	}
	r.check(path, c, j.note)
	r.base, r.writes = c, nil
	maps.DeleteFunc(r.tags, func(_ content, t *tag) bool { return !t.sure })
}

func name(c content) string {
	if c == "" {
		return "no document"
	}
	return string(c)
}

// possible reports whether c may be what is there at the end of a round: the
// content of a write that no acknowledged one came after.
func (r *record) possible(c content) bool {
	var latest int64 // of the acknowledged writes, the begin of the last
	for _, w := range r.writes {
		if w.outcome == acknowledged {
			latest = max(latest, w.begun)
		}
	}
	for _, w := range r.writes {
		if w.puts == c && w.outcome != refused && w.ended >= latest {
			return true
		}
	}
	return c == r.base && latest == 0
}

// last returns the content of the acknowledged write that began last.
func (r *record) last() content {
	last := r.base
	for _, w := range r.writes {
		if w.outcome == acknowledged {
			last = w.puts
		}
	}
	return last
}

// check holds the numbers of writes of a round to what they found and left:
// between two that made a document one has deleted it, and so on.
func (r *record) check(path string, c content, note func(string, ...any)) {
	var created, deleted, counted int
	var mayCreate, mayDelete, mayCount int // those that nobody knows of
	for _, w := range r.writes {
		switch {
		case w.outcome == unknown && w.puts == "":
			mayDelete++
		case w.outcome == unknown:
			mayCreate++
			mayCount++
		case w.outcome == refused:
		case w.puts == "":
			deleted++
		default:
			counted++
			if w.created {
				created++
			}
		}
	}
	was := 0
	if r.base != "" {
		was = 1
	}
	if created > 1-was+deleted+mayDelete {
		note("%s: made %d times, and deleted at most %d times", path, created, deleted+mayDelete)
	}
	if deleted > was+created+mayCreate {
		note("%s: deleted %d times, and made at most %d times", path, deleted, created+mayCreate)
	}
	if !isCounter(path) || r.base == "" {
		return
	}
	if from := r.base.number() + counted; c.number() < from || c.number() > from+mayCount {
		note("%s: counted to %d: %d and %d acknowledged, %d perhaps", path, c.number(), r.base.number(), counted, mayCount)
	}
}
