package adaptors

import (
	"fmt"
	"time"
)

// A Finding is what an operator is told of one thing that was looked at.
type Finding struct {
	Check string `json:"check"` // what sort of thing it is, in a word, such as clock
	Grade Grade  `json:"grade"`
	Text  string `json:"text"`           // what is so
	Cure  string `json:"cure,omitempty"` // what to do about it; "" where there is nothing to do
}

// Grade is how well something is.
type Grade string

// The grades of a Finding.
const (
	Good    Grade = "ok"
	Warning Grade = "warning" // it works, but may not always, or not as it should
	Problem Grade = "problem" // something does not work
)

// How much a clock may be off. Tokens hold for minutes, and signatures of requests
// for a quarter of an hour.
const (
	offABit   = time.Minute
	offByMuch = 5 * time.Minute
)

// ClockFinding compares the clock of this machine with what a server said was its
// time just now.
func ClockFinding(server string, says time.Time) Finding {
	f := Finding{Check: "clock", Grade: Good}
	off := time.Since(says).Round(time.Second)
	side := "ahead of"
	if off < 0 {
		off, side = -off, "behind"
	}
	switch {
	case off > offByMuch:
		f.Grade = Problem
		f.Cure = "set the clock that is wrong, and have it kept right (timedatectl set-ntp true): signatures and tokens fail"
	case off > offABit:
		f.Grade = Warning
		f.Cure = "have both clocks kept right (timedatectl set-ntp true): above 5 minutes signatures and tokens fail"
	default:
		f.Text = "this machine and " + server + " have the same time"
		return f
	}
	f.Text = fmt.Sprintf("the clock of this machine is %s %s that of %s", off, side, server)
	return f
}
