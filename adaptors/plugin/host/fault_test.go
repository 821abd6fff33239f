package host_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/host"
	"github.com/seed90475182/restspace/adaptors/plugin/plugintest"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
)

// impatient is a plugin whose calls may be silent for a moment only.
func impatient() adaptors.Plugin {
	p := program(plugintest.None)
	p.Timeout = 2 * time.Second
	return p
}

// The ways to use a document.
func read(s *host.Store, name string) error { _, err := get(s, name); return err }

func put(s *host.Store, name string, size int) error {
	_, err := s.Put(context.Background(), adaptors.Key{name}, bus.NewBody(make([]byte, size), ""), adaptors.Condition{})
	return err
}
func putSmall(s *host.Store, name string) error { return put(s, name, 10) }
func putLarge(s *host.Store, name string) error { return put(s, name, 9<<20) }

func remove(s *host.Store, name string) error {
	return s.Delete(context.Background(), adaptors.Key{name}, adaptors.Condition{})
}

func list(s *host.Store, name string) error {
	for _, err := range s.List(context.Background(), adaptors.Key{name}, adaptors.ListOptions{}) {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestCallsThatGoWrong(t *testing.T) {
	type calls map[string]func(*host.Store, string) error
	all := calls{"read": read, "put small": putSmall, "put large": putLarge, "remove": remove, "list": list}
	for fault, row := range map[plugintest.Fault]struct {
		calls   calls
		status  int
		says    string
		another bool // process afterwards
	}{
		plugintest.Crash:     {all, 502, "", true},
		plugintest.Dies:      {calls{"read": read}, 502, "", true},
		plugintest.Hang:      {all, 504, "silent for 2s", false},
		plugintest.Stalls:    {calls{"read": read}, 504, "silent for 2s", false},
		plugintest.Late:      {all, 504, "silent for 2s", false},
		plugintest.Stop:      {all, 504, "silent for 2s", true},
		plugintest.Cut:       {calls{"read": read}, 502, "unexpected EOF", false},
		plugintest.Short:     {calls{"read": read}, 502, "fewer bytes than it said", false},
		plugintest.Long:      {calls{"read": read}, 502, "more bytes than it said", false},
		plugintest.Misplaced: {calls{"read": read}, 502, "the stream does not have a head in its place", false},
		plugintest.Less:      {calls{"read": read}, 502, "fewer bytes than it said", false},
		plugintest.Huge:      {calls{"read": read}, 502, "received message larger than max", false},
		plugintest.BadETag:   {calls{"read": read, "put small": putSmall, "put large": putLarge}, 502, `the ETag "e\"\r\nSet-Cookie: a=b" can't be one`, false},
		plugintest.BadName:   {calls{"list": list}, 502, "a name in the path is empty", false},
		plugintest.Hasty:     {calls{"put large": putLarge}, 502, "it answered before it had everything", false},
	} {
		for name, call := range row.calls {
			t.Run(string(fault)+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := open(t, impatient())
				before := pid(t, s)
				err := call(s, string(fault))
				var problem *bus.Error
				require.ErrorAs(t, err, &problem)
				assert.Equal(t, row.status, problem.Status, err)
				assert.ErrorContains(t, err, row.says)
				assert.NotErrorIs(t, err, fs.ErrNotExist)
				if row.another {
					assert.Eventually(t, func() bool { return goesOn(t, s) != before }, 20*time.Second, 10*time.Millisecond)
				} else {
					assert.Equal(t, before, goesOn(t, s))
				}
			})
		}
	}
}

// goesOn sees that a store works, and returns the number of its process; 0 if
// there is none to be called.
func goesOn(t *testing.T, s *host.Store) int {
	text, err := get(s, string(plugintest.PID))
	if err != nil {
		return 0
	}
	number, err := strconv.Atoi(text)
	assert.NoError(t, err)
	assert.NoError(t, putSmall(s, "doc"))
	assert.NoError(t, read(s, "doc"))
	assert.ErrorIs(t, read(s, "nothing"), fs.ErrNotExist)
	return number
}

// What a plugin was told of is not stored where its call did not end well.
func TestNothingIsStoredOfABrokenUpload(t *testing.T) {
	s := open(t, impatient())
	body := bus.NewStream(io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<20)), broken{})), 2<<20, "")
	_, err := s.Put(t.Context(), adaptors.Key{"doc"}, body, adaptors.Condition{})
	assert.ErrorIs(t, err, errBroken)
	assert.ErrorIs(t, read(s, "doc"), fs.ErrNotExist)
}

var errBroken = errors.New("the client is gone")

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }

// All calls at a crash end with 502, and those that come while the program is
// started again wait for it.
func TestACrashEndsAllCalls(t *testing.T) {
	p := program(plugintest.None)
	s := open(t, p)
	before := pid(t, s)
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			var problem *bus.Error
			if assert.ErrorAs(t, read(s, string(plugintest.Hang)), &problem) {
				assert.Equal(t, 502, problem.Status)
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	assert.NoError(t, syscall.Kill(before, syscall.SIGKILL))
	calls.Wait()
	assert.Eventually(t, func() bool { n := goesOn(t, s); return n != 0 && n != before }, 20*time.Second, time.Millisecond)
}

func TestCallsWaitForARestart(t *testing.T) {
	var log bustest.Log
	s, err := tryOpen(program(plugintest.Slow), "{}", &log)
	require.NoError(t, err)
	defer s.Close()
	kill := func(times int) {
		require.NoError(t, syscall.Kill(pid(t, s), syscall.SIGKILL))
		require.Eventually(t, func() bool { return strings.Count(log.String(), "the plugin ended") == times }, 20*time.Second, time.Millisecond)
	}
	kill(1)
	assert.ErrorContains(t, s.Health(), "signal: killed")
	assert.Zero(t, s.Restarts())
	assert.NoError(t, putSmall(s, "doc"))
	assert.NoError(t, s.Health())
	assert.EqualValues(t, 1, s.Restarts())

	kill(2)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, s.Delete(ctx, adaptors.Key{"doc"}, adaptors.Condition{}), context.DeadlineExceeded, "no longer than who calls")
}

// Closing waits for no start, and nothing is said of it.
func TestClosedWhileStarting(t *testing.T) {
	copied := program(plugintest.None)
	copied.Path = filepath.Join(t.TempDir(), "program")
	data, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(copied.Path, data, 0o700))
	var log bustest.Log
	s, err := tryOpen(copied, "{}", &log)
	require.NoError(t, err)
	number := pid(t, s)
	require.NoError(t, os.Remove(copied.Path))
	require.NoError(t, os.WriteFile(copied.Path, []byte("#!/bin/sh\nexec sleep 100\n"), 0o700))
	assert.ErrorContains(t, s.Health(), "the program was replaced while it ran")
	require.NoError(t, syscall.Kill(number, syscall.SIGKILL))
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "the plugin ended") }, 20*time.Second, time.Millisecond)
	begun := time.Now()
	assert.NoError(t, s.Close())
	assert.Less(t, time.Since(begun), 8*time.Second)
	assert.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
}

func TestACrashLoopComesToRest(t *testing.T) {
	var log bustest.Log
	s, err := tryOpen(program(plugintest.Loops), "{}", &log)
	require.NoError(t, err)
	defer s.Close()
	var problem *bus.Error
	require.Eventually(t, func() bool {
		err := read(s, "doc")
		return errors.As(err, &problem) && problem.Status == 503
	}, 30*time.Second, 10*time.Millisecond)
	seconds, err := strconv.Atoi(problem.Header.Get("Retry-After"))
	assert.NoError(t, err)
	assert.True(t, seconds > 30 && seconds <= 60, seconds)
	assert.ErrorContains(t, s.Health(), "started 5 times again in 1m0s, and then: exit status 7")
	assert.Equal(t, 5, strings.Count(log.String(), "the plugin was started again"))
	assert.Equal(t, 6, strings.Count(log.String(), "the plugin ended"))
	begun := time.Now()
	assert.NoError(t, s.Close())
	assert.Less(t, time.Since(begun), 5*time.Second, "closing waits for no restart")
}

func TestHealth(t *testing.T) {
	assert.NoError(t, open(t, program(plugintest.None)).Health())
	assert.ErrorContains(t, open(t, program(plugintest.Sick)).Health(), "host.test: the disk is failing")
	s := open(t, program(plugintest.None))
	assert.NoError(t, syscall.Kill(pid(t, s), syscall.SIGSTOP))
	assert.EventuallyWithT(t, func(t *assert.CollectT) {
		assert.ErrorContains(t, s.Health(), "it does not say whether it works")
	}, 20*time.Second, time.Millisecond)
}

// What is printed too much is left out, and slows nothing.
func TestPrintsTooMuch(t *testing.T) {
	var log bustest.Log
	s, err := tryOpen(program(plugintest.Chatty), "{}", &log)
	require.NoError(t, err)
	defer s.Close()
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		require.NoError(t, putSmall(s, "doc"))
	}
	assert.Less(t, strings.Count(log.String(), "\n"), 2000)
	assert.Contains(t, log.String(), "the plugin prints too much")
}
