package bustest

import (
	"strings"
	"sync"
)

// A Log keeps what is written to it. The zero value is empty. Safe for concurrent
// use: what a server logs is read while it runs.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write is part of io.Writer. It never fails.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns what was written until now.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
