package hashing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sync/semaphore"

	"github.com/seed90475182/restspace/bus/bustest"
)

// behaves is the variable that makes this program the process: its value is how it
// behaves.
const behaves = "RESTSPACE_TEST_HASHING"

// forever is longer than a test may take; select {} would be a deadlock, which ends
// a program.
const forever = time.Hour

func TestMain(m *testing.M) {
	switch os.Getenv(behaves) {
	case "":
		goleak.VerifyTestMain(m)
	case "well":
		StepBack()
		if Serve(os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
	case "silent": // to what it is asked, and to its end
		time.Sleep(forever)
	case "deaf": // to its end
		_ = Serve(os.Stdin, os.Stdout)
		time.Sleep(forever)
	case "ends":
		fmt.Fprintln(os.Stderr, "out of paper", strings.Repeat("x", 2*maxWords))
		os.Exit(3)
	case "floods":
		fmt.Print(`"`, strings.Repeat("x", 16<<20))
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "babbles":
		fmt.Println("hello")
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
}

// slots is how many questions are asked at one time, however many cores there are.
const slots = 3

// fixture is a Process and what it tells.
type fixture struct {
	*Process
	log *bustest.Log
}

// behaving returns a Process whose process behaves like that.
func behaving(t *testing.T, how string) *fixture {
	t.Helper()
	f := &fixture{log: new(bustest.Log)}
	f.Process = New(func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = []string{behaves + "=" + how}
		return cmd
	}, slog.New(slog.NewTextHandler(f.log, nil)))
	f.slots = semaphore.NewWeighted(slots)
	t.Cleanup(f.Close)
	return f
}

// works sees that passwords are hashed and checked, wherever.
func (f *fixture) works(t *testing.T) {
	t.Helper()
	const password = "any bytes \x00\xff\n"
	hash, err := f.Hash(t.Context(), password)
	require.NoError(t, err)
	for tried, want := range map[string]bool{password: true, "any bytes": false} {
		ok, err := f.Check(t.Context(), tried, hash)
		require.NoError(t, err)
		assert.Equal(t, want, ok)
	}
}

// pid returns the number of the process that is running; 0 if none is.
func (f *fixture) pid() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.child == nil {
		return 0
	}
	f.child.mu.Lock()
	defer f.child.mu.Unlock()
	if f.child.end != nil {
		return 0
	}
	return f.child.cmd.Process.Pid
}

// asked returns how many questions have no answer.
func (f *fixture) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.child.mu.Lock()
	defer f.child.mu.Unlock()
	return len(f.child.asked)
}

// warnings returns the lines of the log.
func (f *fixture) warnings() []string {
	return strings.Split(strings.TrimSpace(f.log.String()), "\n")
}

// isThere reports whether there is a process of that number, dead or alive.
func isThere(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

const soon = 20 * time.Second

func TestTheProcessHashes(t *testing.T) {
	f := behaving(t, "well")
	f.times.pause = 0
	assert.Zero(t, f.pid(), "there is none before the first password")
	f.works(t)
	pid := f.pid()
	require.NotZero(t, pid)
	group, err := syscall.Getpgid(pid)
	assert.NoError(t, err)
	assert.Equal(t, pid, group, "a terminal does not end it")
	dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	assert.NoError(t, err)
	assert.Equal(t, "/", dir, "it is in nobody's way")
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		assert.NoError(t, syscall.Kill(pid, signal))
	}
	var asking sync.WaitGroup
	for i := range 10 {
		asking.Go(func() {
			hash, err := f.Hash(t.Context(), fmt.Sprint(i))
			assert.NoError(t, err)
			ok, err := f.Check(t.Context(), fmt.Sprint(i), hash)
			assert.NoError(t, err)
			assert.True(t, ok, "each gets its own answer")
		})
	}
	asking.Wait()
	assert.Equal(t, pid, f.pid(), "there is one")
	assert.Greater(t, priority(t, pid), priority(t, os.Getpid()), "it is less urgent than the server")

	f.Close()
	assert.False(t, isThere(pid))
	f.works(t)
	assert.Zero(t, f.pid(), "after the end none is started")
	assert.Empty(t, f.log.String())
}

// priority returns how nice the process is.
func priority(t *testing.T, pid int) int {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(stat), ") ")
	var nice int
	_, err = fmt.Sscan(strings.Fields(rest)[16], &nice)
	require.NoError(t, err)
	return nice
}

func TestWhatItCantHash(t *testing.T) {
	f := behaving(t, "well")
	_, err := f.Check(t.Context(), "secret", "no hash")
	assert.EqualError(t, err, "argon2id: hash is not in the correct format")
	f.works(t)
	assert.Empty(t, f.log.String())
}

func TestItEndsWithoutWork(t *testing.T) {
	f := behaving(t, "well")
	f.times.idle, f.times.pause = 10*time.Millisecond, 0
	f.works(t)
	pid := f.child.cmd.Process.Pid
	assert.Eventually(t, func() bool { return !isThere(pid) }, soon, time.Millisecond)
	f.works(t)
	assert.NotEqual(t, pid, f.child.cmd.Process.Pid)
	assert.Empty(t, f.log.String(), "that is usual")
}

func TestItDoesNotEndWhileItWorks(t *testing.T) {
	f := behaving(t, "silent")
	f.times.idle, f.times.grace = time.Millisecond, 10*time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	hashed := make(chan error, 1)
	go func() {
		_, err := f.Hash(ctx, "x")
		hashed <- err
	}()
	require.Eventually(t, func() bool { return f.pid() != 0 && f.asked() == 1 }, soon, time.Millisecond)
	time.Sleep(20 * f.times.idle)
	assert.NotZero(t, f.pid())
	cancel()
	assert.ErrorIs(t, <-hashed, context.Canceled)
	assert.Equal(t, 1, f.asked(), "who is gone does not wait for the answer")
}

// A question that was answered ends nobody who is silent since.
func TestAnswersEndTheWait(t *testing.T) {
	silence := time.AfterFunc(forever, func() {})
	c := &child{freed: func() {}, asked: map[uint64]asked{7: {make(chan answer), silence}}}
	c.forget(7)
	assert.False(t, silence.Stop(), "it runs no more")
}

func TestAQuestionThatNobodyReads(t *testing.T) {
	f := behaving(t, "silent")
	f.times.silence = 50 * time.Millisecond
	_, err := f.Hash(t.Context(), strings.Repeat("x", 1<<20)) // more than a pipe holds
	assert.NoError(t, err)
	assert.Zero(t, f.pid())
}

func TestItIsKilledInTheMiddle(t *testing.T) {
	f := behaving(t, "well")
	f.works(t)
	pid := f.pid()
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	hashed := make(chan error, 1)
	go func() {
		_, err := f.Hash(t.Context(), "correct horse battery")
		hashed <- err
	}()
	require.Eventually(t, func() bool { return f.asked() == 1 }, soon, time.Millisecond)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	assert.NoError(t, <-hashed, "it is hashed here")
	for range 3 {
		f.works(t)
	}
	assert.Zero(t, f.pid(), "another one is not started so soon")
	require.Len(t, f.warnings(), 1)
	assert.Contains(t, f.warnings()[0], "signal: killed")
	assert.NotContains(t, f.log.String(), "horse")

	f.mu.Lock()
	f.next = time.Now()
	f.mu.Unlock()
	f.works(t)
	assert.NotZero(t, f.pid())
}

func TestProcessesThatGoWrong(t *testing.T) {
	for how, says := range map[string]string{
		"silent":  "it did not answer within 50ms",
		"ends":    "exit status 3; it printed: out of paper xxx",
		"babbles": "invalid character",
		"floods":  "unexpected EOF",
	} {
		t.Run(how, func(t *testing.T) {
			f := behaving(t, how)
			f.times.silence = 50 * time.Millisecond
			if how != "silent" {
				f.times.silence = soon
			}
			f.works(t)
			assert.Zero(t, f.pid())
			f.Close()
			require.Len(t, f.warnings(), 1)
			assert.Contains(t, f.warnings()[0], says)
			assert.Less(t, len(f.warnings()[0]), 2*maxWords)
		})
	}
}

// Passwords that come after one that had no answer do not wait as long.
func TestTimes(t *testing.T) {
	p := New(nil, nil)
	assert.Greater(t, p.times.pause, p.times.silence)
	assert.GreaterOrEqual(t, p.times.idle, p.times.pause, "or the first password after a while finds no process")
}

func TestOneThatCantBeStarted(t *testing.T) {
	var log bustest.Log
	p := New(func() *exec.Cmd { return exec.Command("/no/such/program") }, slog.New(slog.NewTextHandler(&log, nil)))
	defer p.Close()
	f := &fixture{p, &log}
	f.works(t)
	f.works(t)
	require.Len(t, f.warnings(), 1)
	assert.Contains(t, f.warnings()[0], "no such file")
}

// A caller who is gone does not wait, and neither does who comes then.
func TestCallersWhoGo(t *testing.T) {
	f := behaving(t, "silent")
	f.times.silence = 200 * time.Millisecond
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.Hash(ended, "x")
	assert.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, f.pid(), "for nobody none is started")

	var asking sync.WaitGroup
	for range 2 * slots { // half of them wait for their turn
		asking.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			_, err := f.Check(ctx, "x", "y")
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
	}
	asking.Wait()
	f.works(t)
}

func TestTheEndOfTheServer(t *testing.T) {
	t.Run("in the middle", func(t *testing.T) {
		f := behaving(t, "well")
		f.works(t)
		hashed := make(chan error, 1)
		go func() {
			_, err := f.Hash(t.Context(), "correct horse battery")
			hashed <- err
		}()
		require.Eventually(t, func() bool { return f.asked() == 1 }, soon, 100*time.Microsecond)
		f.Close()
		assert.NoError(t, <-hashed)
		assert.Empty(t, f.log.String())
	})
	t.Run("deaf", func(t *testing.T) {
		f := behaving(t, "deaf")
		f.works(t)
		pid := f.pid()
		f.times.grace = 10 * time.Millisecond
		f.child.mu.Lock()
		f.child.times.grace = 10 * time.Millisecond
		f.child.mu.Unlock()
		f.Close()
		assert.False(t, isThere(pid))
		assert.Empty(t, f.log.String())
	})
}

// Serve answers what it was asked before the questions ended, each with its ID.
func TestServe(t *testing.T) {
	var answers bytes.Buffer
	assert.NoError(t, Serve(strings.NewReader(`{"id":1,"password":"eA=="} {"id":7,"password":"eA==","hash":"y"}`), &answers))
	lines := strings.Split(strings.TrimSpace(answers.String()), "\n")
	require.Len(t, lines, 2)
	assert.Contains(t, answers.String(), `{"id":1,"hash":"$argon2id$v=19$m=19456,t=2,p=1$`)
	assert.Contains(t, answers.String(), `{"id":7,"error":"argon2id: hash is not in the correct format"}`)

	assert.Error(t, Serve(strings.NewReader(`{"id":1,`), io.Discard), "half a question")
	assert.Error(t, Serve(strings.NewReader(`hello`), io.Discard))
	assert.ErrorIs(t, Serve(strings.NewReader(`{"id":1,"password":"eA==","hash":"y"}`), broken{}), io.ErrClosedPipe)
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
