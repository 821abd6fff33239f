package hashing

import (
	"context"
	"errors"
	"log/slog"
	"os/exec"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/seed90475182/restspace/services/account"
)

// times are how long a Process waits for what.
type times struct {
	idle    time.Duration // until a process without work is ended
	silence time.Duration // for an answer, until the process is ended by force: less than requests have time
	grace   time.Duration // for the end of a process, until it is ended by force
	pause   time.Duration // from the start of a process until the next may start: longer than silence, or each password would wait for one
}

// A Process is an account.Worker that has a process of its own do the work. It
// starts it when there is some. Where it can't, or the process ends in the middle,
// it works itself, on one password at a time. Close ends it. It is safe for
// concurrent use.
type Process struct {
	command func() *exec.Cmd
	log     *slog.Logger
	times   times
	slots   *semaphore.Weighted // for questions without an answer
	instead account.Worker

	children sync.WaitGroup

	mu     sync.Mutex // guards what follows
	child  *child     // the last one; nil before the first
	next   time.Time  // when another one may be started
	closed bool
}

// New returns a Process that starts what command returns, which has to call
// Serve: its environment, files and process group are set here. The log is told
// when it fails.
func New(command func() *exec.Cmd, log *slog.Logger) *Process {
	return &Process{
		command: command, log: log,
		times:   times{idle: time.Minute, silence: 20 * time.Second, grace: 2 * time.Second, pause: time.Minute},
		slots:   semaphore.NewWeighted(int64(account.AtOnce())),
		instead: account.InProcess(1),
	}
}

// Hash is part of account.Worker.
func (p *Process) Hash(ctx context.Context, password string) (string, error) {
	a, answered, err := p.ask(ctx, question{Password: []byte(password)})
	if err == nil && !answered {
		return p.instead.Hash(ctx, password)
	}
	return a.Hash, err
}

// Check is part of account.Worker.
func (p *Process) Check(ctx context.Context, password, hash string) (bool, error) {
	a, answered, err := p.ask(ctx, question{Password: []byte(password), Hash: hash})
	if err == nil && !answered {
		return p.instead.Check(ctx, password, hash)
	}
	return a.OK, err
}

// ask waits for the answer of a process. There is none where none runs, or it ends
// before.
func (p *Process) ask(ctx context.Context, q question) (a answer, answered bool, err error) {
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return answer{}, false, err
	}
	answers, taken := p.submit(q)
	if !taken {
		p.slots.Release(1)
		return answer{}, false, nil
	}
	select {
	case a, answered = <-answers:
		if a.Error != "" {
			err = errors.New(a.Error)
		}
		return a, answered, err
	case <-ctx.Done():
		return answer{}, false, ctx.Err()
	}
}

// submit asks a process, which is started if there is none. It is not taken where
// none can be, or not so soon.
func (p *Process) submit(q question) (answers <-chan answer, taken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.child != nil {
		if answers, taken = p.child.ask(q); taken {
			return answers, true
		}
	}
	if p.closed || time.Now().Before(p.next) {
		return nil, false
	}
	p.next = time.Now().Add(p.times.pause)
	c, err := start(p.command(), p.times, func() { p.slots.Release(1) })
	if err != nil {
		p.log.Warn("the server hashes passwords itself: no process can be started for them", "error", err)
		return nil, false
	}
	p.child = c
	p.children.Go(func() {
		if err := c.follow(); err != nil {
			p.log.Warn("the server hashes passwords itself until there is another process for them: this one ended", "pid", c.cmd.Process.Pid, "error", err)
		}
	})
	return c.ask(q)
}

// Close ends the process when it has answered what it was asked, and waits for
// its end. From then on passwords are hashed in the server itself.
func (p *Process) Close() {
	p.mu.Lock()
	p.closed = true
	if p.child != nil {
		p.child.leave()
	}
	p.mu.Unlock()
	p.children.Wait()
}
