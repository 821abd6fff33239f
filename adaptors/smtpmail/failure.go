package smtpmail

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// stage is how far a mail came: its name, and what went wrong there.
type stage struct{ name, wrong string }

// The stages of a mail, in their order.
var (
	connecting = stage{"connect", "the mail server can't be reached"}
	greeting   = stage{"greeting", "the mail server takes no mail"}
	encrypting = stage{"tls", "there is no encryption with the mail server"}
	signingIn  = stage{"sign-in", "the mail server does not let this server sign in"}
	naming     = stage{"sender", "the mail server does not take the sender"}
	receiving  = stage{"recipient", "the mail server does not take the recipients"}
	writing    = stage{"content", "the mail server does not take the mail"}
	ending     = stage{"end", "the mail server does not say that it has the mail"}
)

// explain returns what an error in a stage means to who sent the mail. What the
// server said goes to the log only, but for its code. nil stays nil.
func explain(s stage, err error) error {
	if err == nil {
		return nil
	}
	e := &bus.Error{
		Status: http.StatusBadGateway, Type: bus.TypeUpstream, Detail: s.wrong, Members: map[string]any{"stage": s.name},
		Err: fmt.Errorf("smtp: %s: %w", s.name, err),
	}
	timeout, isNet := errors.AsType[net.Error](err)
	answer, answered := errors.AsType[*textproto.Error](err)
	switch {
	case answered:
		e.Detail = fmt.Sprintf("%s: it answers %d", s.wrong, answer.Code)
		e.Members["code"] = answer.Code
	case isNet && timeout.Timeout():
		e.Status, e.Type = http.StatusGatewayTimeout, bus.TypeTimeout
		e.Detail = s.wrong + " in time"
	case s == connecting:
		e.Type = bus.TypeUnreachable
	}
	if s == ending && !answered {
		e.Detail += ": it is not known whether it was sent"
	}
	return e
}

// refusal is the answer to a recipient.
type refusal struct {
	address string
	answer  *textproto.Error
}

// refusedAll returns the error of those recipients that a server refused.
func refusedAll(list []refusal) error {
	if len(list) == 0 {
		return nil
	}
	var texts []string
	var members []map[string]any
	var all []error
	for _, r := range list {
		texts = append(texts, fmt.Sprintf("%s (%d)", r.address, r.answer.Code))
		members = append(members, map[string]any{"address": r.address, "code": r.answer.Code})
		all = append(all, fmt.Errorf("%s: %w", r.address, r.answer))
	}
	return &bus.Error{
		Status: http.StatusBadGateway, Type: bus.TypeUpstream,
		Detail:  "the mail server refuses " + strings.Join(texts, ", ") + ": nothing was sent to anybody",
		Members: map[string]any{"stage": receiving.name, "code": list[0].answer.Code, "recipients": members},
		Err:     fmt.Errorf("smtp: %w: %w", adaptors.ErrRecipient, errors.Join(all...)),
	}
}
