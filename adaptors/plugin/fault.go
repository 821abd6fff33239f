package plugin

// Fault returns err as the error of a Check about one value of a config: pointer
// says where that is, a JSON Pointer (RFC 6901) such as /servers/0/address. The
// user is shown the line of it. Several are joined with errors.Join.
func Fault(pointer string, err error) error { return &fault{pointer, err} }

type fault struct {
	pointer string
	err     error
}

func (f *fault) Error() string   { return f.err.Error() }
func (f *fault) Unwrap() error   { return f.err }
func (f *fault) Pointer() string { return f.pointer }
