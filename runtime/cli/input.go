package cli

import (
	"io"
	"os"
)

// readFile returns the content of a file; - is standard input.
func (r *run) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(r.stdin)
	}
	return os.ReadFile(name)
}
