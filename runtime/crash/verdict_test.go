package crash

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// story tells a journal what happened at one path.
type story struct {
	*journal
	path string
}

func (s story) write(o outcome, puts, replaces content) {
	w := s.send(puts, replaces)
	if o != unknown {
		s.answer(w, o, false)
	}
}

func (s story) send(puts, replaces content) *write {
	w := &write{path: s.path, puts: puts, replaces: replaces}
	s.begin(w)
	return w
}

func (s story) answer(w *write, o outcome, created bool) {
	s.end(w, o, created, "tag of "+string(w.puts))
}

func (s story) make(puts content) { s.answer(s.send(puts, ""), acknowledged, true) }

// crash ends the round with that content.
func (s story) crash(there content) { s.found(s.path, there, "tag of "+string(there)) }

// TestVerdicts tells stories of a path that holds 1 at first.
func TestVerdicts(t *testing.T) {
	tests := map[string]struct {
		tell func(s story)
		says string // "" is that nothing is wrong
	}{
		"nothing happens":      {func(s story) { s.crash("1") }, ""},
		"it vanishes":          {func(s story) { s.crash("") }, "1 is lost: found no document"},
		"it is written":        {func(s story) { s.write(acknowledged, "2", ""); s.crash("2") }, ""},
		"a write is lost":      {func(s story) { s.write(acknowledged, "2", ""); s.crash("1") }, "2 is lost: found 1"},
		"an unknown one is":    {func(s story) { s.write(unknown, "2", ""); s.crash("1") }, ""},
		"an unknown one stays": {func(s story) { s.write(acknowledged, "2", ""); s.write(unknown, "3", ""); s.crash("3") }, ""},
		"a refused one stays":  {func(s story) { s.write(refused, "2", ""); s.crash("2") }, "1 is lost: found 2"},
		"a delete is lost":     {func(s story) { s.write(acknowledged, "", ""); s.crash("1") }, "no document is lost: found 1"},
		"nobody asked for it":  {func(s story) { s.write(unknown, "2", ""); s.crash("3") }, "1 is lost: found 3"},
		"the older one stays": {func(s story) {
			s.write(acknowledged, "2", "")
			s.write(acknowledged, "3", "")
			s.crash("2")
		}, "3 is lost: found 2"},
		"either of two at one time stays": {func(s story) {
			two, three := s.send("2", ""), s.send("3", "")
			s.answer(three, acknowledged, false)
			s.answer(two, acknowledged, false)
			s.crash("3")
		}, ""},
		"it is lost after the next round": {func(s story) {
			s.write(unknown, "2", "")
			s.crash("2")
			s.crash("1")
		}, "2 is lost: found 1"},
		"two replace one content": {func(s story) {
			s.write(acknowledged, "2", "1")
			s.write(acknowledged, "3", "1")
			s.crash("3")
		}, "two writes that replace 1, and only that, were acknowledged; the second is 3"},
		"of two that replace one, one is refused": {func(s story) {
			s.write(acknowledged, "2", "1")
			s.write(refused, "3", "1")
			s.crash("2")
		}, ""},
		"it is made although it is there": {func(s story) { s.make("2"); s.crash("2") }, "made 1 times, and deleted at most 0 times"},
		"it is made again": {func(s story) {
			s.write(unknown, "", "")
			s.make("2")
			s.crash("2")
		}, ""},
		"it is deleted twice": {func(s story) {
			s.write(acknowledged, "", "")
			s.write(acknowledged, "", "")
			s.crash("")
		}, "deleted 2 times, and made at most 0 times"},
		"its ETag changes": {func(s story) { s.found(s.path, "1", "another") }, `1 has the ETag "another", it had "tag of 1"`},
		"its ETag was another after its write": {func(s story) {
			s.write(acknowledged, "2", "")
			s.write(acknowledged, "3", "")
			s.saw(s.path, "2", "another")
			s.crash("3")
		}, `2 has the ETag "another", it had "tag of 2"`},
		"what was only seen is undone, and done again": {func(s story) {
			s.write(unknown, "2", "")
			s.saw(s.path, "2", "tag of 2, at first")
			s.crash("1")
			s.write(acknowledged, "2", "")
			s.crash("2")
		}, ""},
		"its ETag is missed": {func(s story) { s.saw(s.path, "1", "") }, `1 has the ETag ""`},
		"an ETag comes again": {func(s story) {
			w := s.send("2", "")
			s.end(w, acknowledged, false, "tag of 1")
			s.found(s.path, "2", "tag of 1")
		}, "the ETag tag of 1 is that of 1, and of 2"},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			s := story{newJournal(), "/json/a"}
			s.make("1")
			s.crash("1")
			test.tell(s)
			s.assertSays(t, test.says)
		})
	}
}

func TestVerdictsOnCounters(t *testing.T) {
	for found, says := range map[string]string{
		`{"n":5}`: `counted to 5: 4 and 2 acknowledged, 1 perhaps`,
		`{"n":6}`: ``,
		`{"n":7}`: ``,
		`{"n":8}`: `counted to 8: 4 and 2 acknowledged, 1 perhaps`,
	} {
		s := story{newJournal(), "/json/count/a"}
		s.make(`{"n":4}`)
		s.crash(`{"n":4}`)
		s.write(acknowledged, `{"n":5}`, `{"n":4}`)
		s.write(refused, `{"n":5}`, `{"n":4}`)
		s.write(acknowledged, `{"n":6}`, `{"n":5}`)
		s.write(unknown, `{"n":7}`, `{"n":6}`)
		s.crash(content(found))
		s.assertSays(t, says)
	}
}

// assertSays holds the journal to have noted that, and nothing if it is "".
func (s story) assertSays(t *testing.T, says string) {
	t.Helper()
	if says == "" {
		assert.Empty(t, s.faults)
	} else {
		assert.Contains(t, strings.Join(s.faults, "\n"), s.path+": "+says)
	}
}
