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

	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

const (
	maxLine  = 4 << 10 // bytes of a line that are kept
	maxSaid  = 512     // bytes of what was printed first, and of what was printed last
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
	first   []byte     // of all
	last    []byte     // of what came after that
	leftOut int
}

func newOutput(log *slog.Logger) *output {
	return &output{log: log, limit: rate.NewLimiter(perLines, 10*perLines)}
}

// Write is part of io.Writer. It never fails.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.remember(p)
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

// remember keeps the beginning and the end of all.
func (o *output) remember(p []byte) {
	n := min(len(p), maxSaid-len(o.first))
	o.first, p = append(o.first, p[:n]...), p[n:]
	o.last = append(o.last, p[max(0, len(p)-maxSaid):]...)
	o.last = append(o.last[:0], o.last[max(0, len(o.last)-maxSaid):]...)
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

// said returns the beginning and the end of what was printed.
func (o *output) said() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	said := string(o.first)
	if len(o.last) == maxSaid {
		said += " ... "
	}
	return wire.Text(strings.TrimSpace(said + string(o.last)))
}

// maxFirst is how long the first line may be: it has a certificate.
const maxFirst = 16 << 10

// line takes the first line of a program's standard output, which is the
// protocol's, to its reader. What comes after it is output. Safe for concurrent
// use.
type line struct {
	reader *io.PipeReader // the line, and an end
	to     *io.PipeWriter
	rest   io.Writer

	mu       sync.Mutex // guards what follows
	data     []byte
	complete bool
}

func newLine(rest io.Writer) *line {
	l := &line{rest: rest}
	l.reader, l.to = io.Pipe()
	return l
}

// Write is part of io.Writer. It never fails.
func (l *line) Write(p []byte) (int, error) {
	if after := l.take(p); len(after) > 0 {
		_, _ = l.rest.Write(after)
	}
	return len(p), nil
}

// take takes what belongs to the line, and returns what comes after it. A line
// that is too long ends where it is that.
func (l *line) take(p []byte) (after []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.complete {
		return p
	}
	part, after, found := bytes.Cut(p, []byte("\n"))
	part = part[:min(len(part), maxFirst-len(l.data))]
	l.data = append(l.data, part...)
	if l.complete = found || len(l.data) == maxFirst; l.complete {
		_, _ = l.to.Write(append(l.data[:len(l.data):len(l.data)], '\n')) // nobody may read it any more
		l.to.Close()
	}
	return after
}

func (l *line) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.data)
}

// close has nobody wait for a line that does not come.
func (l *line) close() { l.to.Close() }
