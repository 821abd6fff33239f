package host

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/tidwall/gjson"
	"golang.org/x/time/rate"
)

const (
	maxLine  = 4 << 10 // bytes of a line that are kept
	maxSaid  = 1 << 10 // bytes of what was printed last
	perLines = 100     // lines a second that go to the log, and ten times that at once
)

// output brings what a program prints to the log, line by line: as it is, or
// with its level and members where it is an object as log/slog and hclog write
// them. Long lines are cut, and too many left out. Safe for concurrent use.
type output struct {
	log   *slog.Logger
	limit *rate.Limiter

	mu      sync.Mutex // guards what follows
	part    []byte     // of a line
	last    []byte     // of all
	leftOut int
}

func newOutput(log *slog.Logger) *output {
	return &output{log: log, limit: rate.NewLimiter(perLines, 10*perLines)}
}

// Write is part of io.Writer. It never fails.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = append(o.last, p[max(0, len(p)-maxSaid):]...)
	o.last = append(o.last[:0], o.last[max(0, len(o.last)-maxSaid):]...)
	for rest := p; len(rest) > 0; {
		line, after, complete := bytes.Cut(rest, []byte("\n"))
		o.part = append(o.part, line[:min(len(line), maxLine-len(o.part))]...)
		if rest = after; complete {
			o.tell(o.part)
			o.part = o.part[:0]
		}
	}
	return len(p), nil
}

// tell writes a line to the log.
func (o *output) tell(line []byte) {
	if line = bytes.TrimSpace(line); len(line) == 0 {
		return
	}
	if !o.limit.Allow() {
		o.leftOut++
		return
	}
	if o.leftOut > 0 {
		o.log.Warn("the plugin prints too much", "lines_left_out", o.leftOut)
		o.leftOut = 0
	}
	level, message, members := slog.LevelInfo, string(line), []slog.Attr(nil)
	if object := gjson.ParseBytes(line); object.IsObject() && gjson.ValidBytes(line) {
		level, message, members = structured(object)
	}
	o.log.LogAttrs(context.Background(), level, message, members...)
}

// structured returns the parts of a line that is an object.
func structured(object gjson.Result) (level slog.Level, message string, members []slog.Attr) {
	object.ForEach(func(name, value gjson.Result) bool {
		switch name.String() {
		case "level", "@level":
			_ = level.UnmarshalText([]byte(strings.ToUpper(value.String()))) // another name is info
		case "msg", "@message":
			message = value.String()
		case "time", "@timestamp":
		default:
			members = append(members, slog.Any(name.String(), value.Value()))
		}
		return true
	})
	return level, message, members
}

// said returns the end of what was printed.
func (o *output) said() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.ToValidUTF8(strings.TrimSpace(string(o.last)), "?")
}

// line takes the first line of a program's standard output, which is the
// protocol's. What comes after it is output.
type line struct {
	to   *io.PipeWriter
	rest io.Writer

	mu       sync.Mutex
	data     []byte
	complete bool
}

// Write is part of io.Writer.
func (l *line) Write(p []byte) (int, error) {
	n := len(p)
	l.mu.Lock()
	if l.complete {
		l.mu.Unlock()
		return l.rest.Write(p)
	}
	first, after, found := bytes.Cut(p, []byte("\n"))
	l.data = append(l.data, first[:min(len(first), maxLine-len(l.data))]...)
	l.complete = found
	text := string(l.data) + "\n"
	l.mu.Unlock()
	if found {
		_, _ = io.WriteString(l.to, text) // nobody reads it where the start has failed meanwhile
		_, _ = l.rest.Write(after)
	}
	return n, nil
}

func (l *line) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.data)
}
