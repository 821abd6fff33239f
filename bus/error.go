package bus

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"syscall"
)

// Types of problems that a client may want to tell apart; all others are
// "about:blank" and mean what their status means.
const (
	TypeBodyTooLarge    = "urn:restspace:problem:body-too-large"
	TypeBusy            = "urn:restspace:problem:too-many-requests-in-flight"
	TypeDelay           = "urn:restspace:problem:too-long-to-wait" // for a core
	TypeRate            = "urn:restspace:problem:rate"
	TypeTimeout         = "urn:restspace:problem:timeout"
	TypeSlowBody        = "urn:restspace:problem:body-too-slow"
	TypeTooManyField    = "urn:restspace:problem:too-many-header-fields"
	TypeDepth           = "urn:restspace:problem:call-depth"
	TypeBudget          = "urn:restspace:problem:request-budget"
	TypeInvalidJSON     = "urn:restspace:problem:invalid-json"
	TypeInvalidDocument = "urn:restspace:problem:invalid-document" // it does not satisfy its schema
	TypeStorageFull     = "urn:restspace:problem:storage-full"
	TypeUnavailable     = "urn:restspace:problem:service-unavailable"
	TypeIncomplete      = "urn:restspace:problem:incomplete" // of several writes some were done, and then one failed
	TypeConfiguration   = "urn:restspace:problem:invalid-configuration"
	TypeCondition       = "urn:restspace:problem:condition-not-compared" // a store can't hold a write to its condition
	TypeUnreachable     = "urn:restspace:problem:upstream-unreachable"   // another server got nothing of the request
	TypePipeline        = "urn:restspace:problem:pipeline"               // a pipeline is made so that it can't end well here
	TypeUpstream        = "urn:restspace:problem:upstream-failed"        // another server got it, and gave no whole answer
	TypePeer            = "urn:restspace:problem:peer"                   // two servers of one installation do not know each other
)

// An Error is a failure whose meaning to the client is known where it happens.
// Detail and Members are shown to the client, from 500 on only where there is a
// Type; Err goes to the log only.
type Error struct {
	Status  int            // 400 to 599
	Type    string         // "" is about:blank
	Title   string         // "" is the status text
	Detail  string         // what is wrong, where, and what to send instead
	Header  Header         // fields that the answer needs, such as Allow
	Members map[string]any // further members of the problem document
	Err     error
}

// Errorf returns an Error with a status and a detail for the client.
func Errorf(status int, format string, args ...any) *Error {
	return &Error{Status: status, Detail: fmt.Sprintf(format, args...)}
}

// Error returns the detail and the cause: a line for the log.
func (e *Error) Error() string {
	text := e.Detail
	if text == "" {
		text = http.StatusText(e.Status)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Classify returns what err means to a client. An Error in its chain says so
// itself, if its Status is one of an error; fs.ErrNotExist is 404, fs.ErrExist 409, a passed deadline 504, a full
// disk 507, a client that left 499, and what nobody knows 500.
func Classify(err error) *Error {
	var known *Error
	switch {
	case errors.As(err, &known) && known.Status >= 400 && known.Status <= 599:
		return known
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Status: http.StatusNotFound, Err: err}
	case errors.Is(err, fs.ErrExist):
		return &Error{Status: http.StatusConflict, Detail: "something else is in the way of this name", Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Status: http.StatusGatewayTimeout, Type: TypeTimeout, Err: err,
			Detail: "there was no answer in the time that one may take: ask for less at a time, or raise limits.timeout of the server or of the service"}
	case errors.Is(err, context.Canceled):
		return &Error{Status: StatusClientClosed, Title: "Client Closed Request", Err: err}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &Error{Status: http.StatusInsufficientStorage, Type: TypeStorageFull, Err: err}
	}
	return &Error{Status: http.StatusInternalServerError, Err: err}
}

// ForClient returns what a client may be told, in one line: of a status of 500 or
// more, only what was written for clients, as its Type says.
func (e *Error) ForClient() string {
	if e.Detail != "" && (e.Status < http.StatusInternalServerError || e.Type != "") {
		return e.Detail
	}
	return cmp.Or(e.Title, http.StatusText(e.Status))
}

// StatusClientClosed is the status of a request whose client left before the
// answer: nobody sees it but the log.
const StatusClientClosed = 499
