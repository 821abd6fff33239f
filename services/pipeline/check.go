package pipeline

import (
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/requestspec"
)

// unjoined returns the fault of a pipeline that surely ends with more than one
// message.
func (p *parser) unjoined() error {
	if at, many := p.pipeline.root.many(); many {
		return &Fault{at, -1, "this makes several messages, and nothing joins them: write jsonObject, jsonArray, zip or multipart after it"}
	}
	return nil
}

// many reports whether a level ends with several messages, and where these
// begin.
func (l *level) many() (at jsontext.Pointer, many bool) {
	for i := range l.stages {
		s := &l.stages[i]
		switch {
		case s.joiner != nil:
			many = false
		case s.mode == tee, s.mode == teeWait, many:
		default:
			at, many = s.many(l.at)
		}
	}
	return at, many
}

func (s *stage) many(level jsontext.Pointer) (jsontext.Pointer, bool) {
	if s.succeed == stop {
		return "", false
	}
	certain := 0
	for _, e := range s.elements {
		if at, many := e.many(); many {
			return at, true
		}
		if s.fail == next || e.certain() {
			certain++
		}
	}
	return level, s.mode == parallel && certain > 1
}

// certain reports whether an element of the level runs whatever the message is.
func (l *level) certain() bool {
	for i := range l.stages {
		s := &l.stages[i]
		for _, e := range s.elements {
			if e.certain() {
				return true
			}
			if s.mode == serial && s.fail != next {
				return false
			}
		}
	}
	return false
}

func (s *step) many() (jsontext.Pointer, bool)      { return s.at, s.reads.list }
func (s *step) certain() bool                       { return s.condition == nil }
func (t *transform) many() (jsontext.Pointer, bool) { return t.at, false }
func (t *transform) certain() bool                  { return true }
func (s *splitting) many() (jsontext.Pointer, bool) { return s.at, true }
func (s *splitting) certain() bool                  { return true }

// effects is what calls of a pipeline may do.
type effects struct {
	getReads, postReads bool // a GET, and a POST, only reads
}

// link looks up where the calls lead, and returns what they may do. An error is
// all calls that lead nowhere.
func (p *Pipeline) link(targets services.Targets) (effects, error) {
	only := effects{true, true}
	var faults []error
	for _, s := range p.steps {
		if s.request == nil {
			continue
		}
		target := services.Target{GetReads: true}
		if call := s.known(); call.URL.Host == "" && !s.request.URL.FromData() {
			var err error
			if target, err = targets(call); err != nil {
				faults = append(faults, &Fault{s.at, s.urlAt, err.Error()})
			}
		}
		only.getReads = only.getReads && s.readsFor(http.MethodGet, target)
		only.postReads = only.postReads && s.readsFor(http.MethodPost, target)
	}
	return only, errors.Join(faults...)
}

// known is what is known of the call.
func (s *step) known() services.Call {
	method := s.request.Method
	if method == requestspec.CallersMethod {
		method = ""
	}
	return services.CallOf(method, s.request.URL)
}

// readsFor reports whether the call only reads, where the pipeline was called
// with a method.
func (s *step) readsFor(method string, target services.Target) bool {
	if s.request.Method != requestspec.CallersMethod {
		method = s.request.Method
	}
	switch method {
	case http.MethodGet, http.MethodHead:
		return target.GetReads
	case http.MethodPost:
		return target.PostReads
	}
	return false
}
