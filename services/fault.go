package services

import "fmt"

// At returns err as one that belongs to a place of a config: pointer is a JSON
// Pointer (RFC 6901) into it, and "" the whole. Check and Link of a config return
// such errors, several with errors.Join.
func At(pointer string, err error) error { return fault{pointer, err} }

// Faultf returns an error of a text at a place of a config.
func Faultf(pointer, format string, args ...any) error {
	return fault{pointer, fmt.Errorf(format, args...)}
}

type fault struct {
	pointer string
	error
}

// Pointer returns where in the config it is.
func (f fault) Pointer() string { return f.pointer }

// Unwrap returns the error without its place.
func (f fault) Unwrap() error { return f.error }
