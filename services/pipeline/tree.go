package pipeline

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/services/expr"
	"github.com/seed90475182/restspace/services/requestspec"
	"github.com/seed90475182/restspace/urlpattern"
)

// A Pipeline is a parsed pipeline. It does not change, and is safe for
// concurrent use.
type Pipeline struct {
	root        *level
	concurrency int  // calls at one time; 0 is the server's
	fans        bool // more than one message may be on its way at a time
	joinsJSON   bool // a joiner reads the bodies of its parts
	trace       bool // runs are told to the log
	steps       []*step
}

// level is an array: its stages, one after the other.
type level struct {
	at     jsontext.Pointer
	stages []stage
	tries  bool // one of its steps does
}

// stage is the elements that follow one mode, or a joiner.
type stage struct {
	mode          mode
	fail, succeed action
	told          mode // what a record says, where that is another
	elements      []element
	at            jsontext.Pointer // of a joiner
	joiner        joiner           // nil: the elements
	word          string           // that names it
}

// mode is what the elements of a stage are to each other.
type mode string

const (
	serial      mode = "serial"
	parallel    mode = "parallel"
	conditional mode = "conditional"
	tee         mode = "tee"
	teeWait     mode = "teeWait"
)

// action is what becomes of a message after an element.
type action string

const (
	stop action = "stop" // it is dropped
	next action = "next" // it goes on to the next element
	end  action = "end"  // it leaves the stage
)

// step is a call with what stands around it.
type step struct {
	at        jsontext.Pointer
	source    string // as it was written
	tries     bool
	condition *expr.Expr          // nil: always
	tested    string              // the source of it
	request   *requestspec.Spec   // nil: no call
	reads     reads               // of the request's URL
	urlAt     int                 // where that begins in the string
	names     bool                // there is a name
	variable  string              // that takes the reply; "" is none
	appends   bool                // the name follows the one that the message has
	name      string              // without codes
	pattern   *urlpattern.Pattern // of a name with codes; nil: name
	merges    bool                // :$this
}

// reads is what a pattern reads beside the URL of the request.
type reads struct {
	body, variables bool
	list            bool // it may make several URLs
}

// transform makes a new body of the one at hand.
type transform struct {
	at   jsontext.Pointer
	made *expr.Transform
}
