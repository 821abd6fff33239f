package hashing

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/services/account"
)

// child is one run of the process.
type child struct {
	cmd   *exec.Cmd
	times times
	freed func() // is called for each question when it is answered, or never will be
	in    io.Closer
	out   io.Reader
	said  words

	mu    sync.Mutex // guards what follows
	to    *jsontext.Encoder
	last  uint64           // ID of a question
	asked map[uint64]asked // questions without an answer
	idle  *time.Timer      // runs from the last answer on
	end   *time.Timer      // runs while it is to end; nil before, when it takes questions
	why   error            // it was ended by force
}

// asked is a question that was asked.
type asked struct {
	answer  chan answer // closed where none comes
	silence *time.Timer
}

// start starts a process that was only just prepared. Who calls follows it.
func start(cmd *exec.Cmd, t times, freed func()) (*child, error) {
	c := &child{cmd: cmd, times: t, freed: freed, asked: make(map[uint64]asked)}
	cmd.Env = append(cmd.Env, environment(account.AtOnce())...)
	cmd.Dir = "/"
	cmd.Stderr = &c.said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the server, which drains
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in, c.out, c.to = in, out, jsontext.NewEncoder(in)
	c.idle = time.AfterFunc(t.idle, c.rest)
	return c, nil
}

// Memory returns how many bytes a process takes at most while it works, beside the
// program itself, which it shares with the server.
func Memory() uint64 { return uint64(account.AtOnce()) * 45 << 20 }

// environment returns the environment of a process that works on n passwords at
// one time. Each leaves 19 MiB behind: garbage is collected before there is much
// more than is worked on.
func environment(n int) []string { return []string{"GOMAXPROCS=" + strconv.Itoa(n), "GOGC=50"} }

// ask asks a question. The answer comes through the channel, which is closed
// where none does. A process that is to end takes none.
func (c *child) ask(q question) (_ <-chan answer, taken bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end != nil {
		return nil, false
	}
	c.last++
	q.ID = c.last
	a := asked{make(chan answer, 1), time.AfterFunc(c.times.silence, c.expire)}
	c.asked[q.ID] = a
	_ = json.MarshalEncode(c.to, q) // one that can't be written has no answer
	return a.answer, true
}

// maxAnswer is far more than an answer has bytes.
const maxAnswer = 64 << 10

// follow takes the answers to who asked, until the process has ended. An error is
// why it did, where nobody wanted it.
func (c *child) follow() error {
	answers := &io.LimitedReader{R: c.out}
	from := jsontext.NewDecoder(answers)
	for {
		answers.N = maxAnswer
		var a answer
		if err := json.UnmarshalDecode(from, &a); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			c.mu.Lock()
			c.force(err)
			c.mu.Unlock()
			break
		}
		c.settle(a)
	}
	return c.ended(c.cmd.Wait())
}

// settle takes an answer to who asked.
func (c *child) settle(a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q, ok := c.asked[a.ID]; ok {
		q.answer <- a
		c.forget(a.ID)
	}
	if c.end == nil {
		c.idle.Reset(c.times.idle)
	}
}

// forget gives up a question for who holds mu.
func (c *child) forget(id uint64) {
	c.asked[id].silence.Stop()
	close(c.asked[id].answer)
	delete(c.asked, id)
	c.freed()
}

// ended notes that the process has, with err. What it returns is why, where nobody
// wanted that.
func (c *child) ended(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	wanted := c.end != nil && c.why == nil
	c.leaving()
	c.end.Stop()
	for id := range c.asked {
		c.forget(id)
	}
	if wanted {
		return nil
	}
	why := cmp.Or(c.why, err, errEnded)
	if said := c.said.String(); said != "" {
		why = fmt.Errorf("%w; it printed: %s", why, said)
	}
	return why
}

var errEnded = errors.New("it ended by itself")

// rest has a process end that nothing was asked for a while.
func (c *child) rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.asked) == 0 {
		c.leaving()
	}
}

// leave has the process end when it has answered.
func (c *child) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaving()
}

// leaving is leave for who holds mu.
func (c *child) leaving() {
	if c.end == nil {
		c.idle.Stop()
		_ = c.in.Close() // nothing is lost: each question was written whole
		c.end = time.AfterFunc(c.times.grace, c.kill)
	}
}

// expire ends a process that is silent.
func (c *child) expire() {
	if !c.mu.TryLock() { // a question that can't be written keeps it until the process has ended
		c.kill()
		c.mu.Lock()
	}
	defer c.mu.Unlock()
	c.force(fmt.Errorf("it did not answer within %s", c.times.silence))
}

// force ends the process now, for who holds mu.
func (c *child) force(why error) {
	c.why = cmp.Or(c.why, why)
	c.leaving()
	c.kill()
}

func (c *child) kill() { _ = c.cmd.Process.Kill() }

// words keeps the first of what a process prints. It is read when that has ended.
type words struct{ strings.Builder }

// maxWords is how many bytes it keeps.
const maxWords = 512

// Write is part of io.Writer. It never fails.
func (w *words) Write(p []byte) (int, error) {
	_, _ = w.Builder.Write(p[:min(len(p), maxWords-w.Len())])
	return len(p), nil
}
