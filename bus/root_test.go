package bus_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type anyKey struct{}

// below makes the contexts that services make of theirs.
var below = map[string]func(context.Context) (context.Context, context.CancelFunc){
	"itself":     func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} },
	"WithCancel": context.WithCancel,
	"WithTimeout": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, time.Hour)
	},
	"WithValue and WithCancel": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithCancel(context.WithValue(ctx, anyKey{}, 1))
	},
	"a request inside": func(ctx context.Context) (context.Context, context.CancelFunc) {
		inner := bus.NewRoot(ctx, time.Hour)
		return inner, inner.End
	},
}

func TestRootEnds(t *testing.T) {
	cause := errors.New("cause")
	tests := []struct {
		name       string
		end        func(r *bus.Root, cancel context.CancelCauseFunc)
		err, cause error
	}{
		{"with its time", func(*bus.Root, context.CancelCauseFunc) { time.Sleep(time.Second) }, context.DeadlineExceeded, context.DeadlineExceeded},
		{"with End", func(r *bus.Root, _ context.CancelCauseFunc) { r.End() }, context.Canceled, context.Canceled},
		{"with its parent", func(_ *bus.Root, cancel context.CancelCauseFunc) { cancel(cause) }, context.Canceled, cause},
		{"with a shorter time", func(r *bus.Root, _ context.CancelCauseFunc) {
			r.Allow(time.Millisecond)
			time.Sleep(time.Millisecond)
		}, context.DeadlineExceeded, context.DeadlineExceeded},
	}
	for _, test := range tests {
		for made, make := range below {
			t.Run(test.name+"/"+made, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					parent, cancel := context.WithCancelCause(t.Context())
					defer cancel(nil)
					r := bus.NewRoot(parent, time.Second)
					ctx, done := make(r)
					defer done()
					require.NoError(t, ctx.Err())
					select {
					case <-ctx.Done():
						t.Fatal("ended too early")
					default:
					}
					test.end(r, cancel)
					synctest.Wait()
					select {
					case <-ctx.Done():
					default:
						t.Error("nobody was told")
					}
					assert.Equal(t, test.err, ctx.Err())
					assert.Equal(t, test.cause, context.Cause(ctx))
					late, done := make(r)
					defer done()
					synctest.Wait()
					<-late.Done()
					assert.Equal(t, test.err, late.Err(), "made after the end")
					r.End()
					assert.Equal(t, test.err, r.Err(), "it ends once")
				})
			})
		}
	}
}

func TestRootWithoutAWaiterEndsAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := bus.NewRoot(t.Context(), time.Second)
		time.Sleep(time.Second - 1)
		assert.NoError(t, r.Err())
		time.Sleep(time.Nanosecond)
		assert.Equal(t, context.DeadlineExceeded, r.Err())
		assert.Equal(t, context.DeadlineExceeded, context.Cause(r))
		<-r.Done()
		assert.Equal(t, context.DeadlineExceeded, context.Cause(r))
	})
}

func TestRootLift(t *testing.T) {
	for made, make := range below {
		t.Run(made, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := bus.NewRoot(t.Context(), time.Second)
				early, cancel := make(r)
				defer cancel()
				_ = early.Done()
				r.Lift()
				r.Allow(time.Second) // too late
				_, limited := r.Deadline()
				assert.False(t, limited)
				time.Sleep(time.Minute)
				assert.NoError(t, r.Err())
				assert.NoError(t, early.Err())
				late, cancel := make(r)
				defer cancel()
				assert.NoError(t, late.Err())
				r.End()
				<-early.Done()
				<-late.Done()
				assert.Equal(t, context.Canceled, early.Err())
			})
		})
	}
}

func TestLiftComesTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := bus.NewRoot(t.Context(), time.Second)
		<-r.Done()
		r.Lift()
		assert.Equal(t, context.DeadlineExceeded, r.Err())
	})
}

func TestRootDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		sooner, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		deadline := func(r *bus.Root) time.Duration {
			at, ok := r.Deadline()
			if !ok {
				return -1
			}
			return at.Sub(now)
		}
		assert.Equal(t, time.Duration(-1), deadline(bus.NewRoot(t.Context(), 0)))
		assert.Equal(t, time.Minute, deadline(bus.NewRoot(t.Context(), time.Minute)))
		r := bus.NewRoot(sooner, time.Minute)
		assert.Equal(t, time.Second, deadline(r), "the parent's is nearer")
		r.Allow(time.Millisecond)
		assert.Equal(t, time.Millisecond, deadline(r))
		r.Allow(0)
		assert.Equal(t, time.Second, deadline(r))
		r.Lift()
		assert.Equal(t, time.Second, deadline(r))
	})
}

func TestAllowMoreWhileSomebodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := bus.NewRoot(t.Context(), time.Second)
		_ = r.Done()
		r.Allow(time.Minute)
		time.Sleep(time.Minute - 1)
		assert.NoError(t, r.Err())
		<-r.Done()
		assert.Equal(t, context.DeadlineExceeded, r.Err())
	})
}

func TestRootOf(t *testing.T) {
	r := bus.NewRoot(context.WithValue(t.Context(), anyKey{}, 7), 0)
	assert.Same(t, r, bus.RootOf(r))
	ctx, cancel := context.WithCancel(r)
	defer cancel()
	assert.Same(t, r, bus.RootOf(ctx))
	assert.Equal(t, 7, ctx.Value(anyKey{}))
	assert.Nil(t, bus.RootOf(t.Context()))
	inner := bus.NewRoot(ctx, 0)
	assert.Same(t, inner, bus.RootOf(inner), "the nearest")
	r.End()
	inner.End()
}

func TestRootIsSafeForConcurrentUse(t *testing.T) {
	r := bus.NewRoot(t.Context(), 50*time.Millisecond)
	r.Limits = bus.Limits{Depth: 4, Calls: 100, Buffered: 100}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(r, time.Second)
			defer cancel()
			for range 50 {
				_ = r.Err()
				_, _ = r.Deadline()
				_ = ctx.Value("x")
				_ = r.Enter(1)
				if r.Hold(10) == nil {
					_ = r.Hold(-10)
				}
			}
			<-ctx.Done()
		})
	}
	time.Sleep(5 * time.Millisecond)
	r.Allow(20 * time.Millisecond)
	all.Wait()
	r.Lift()
	r.End()
	assert.Equal(t, context.DeadlineExceeded, r.Err())
	assert.NoError(t, r.Hold(100), "all was given back")
}

func TestEnter(t *testing.T) {
	r := bus.NewRoot(t.Context(), 0)
	r.Limits = bus.Limits{Depth: 3, Calls: 4}
	assert.NoError(t, r.Enter(2))
	assert.NoError(t, r.Enter(3))
	err := bus.Classify(r.Enter(4))
	assert.Equal(t, 508, err.Status)
	assert.Equal(t, bus.TypeDepth, err.Type)
	assert.NoError(t, r.Enter(1), "the third")
	assert.NoError(t, r.Enter(1), "the fourth")
	err = bus.Classify(r.Enter(1))
	assert.Equal(t, 429, err.Status)
	assert.Equal(t, bus.TypeBudget, err.Type)

	free := bus.NewRoot(t.Context(), 0)
	for depth := range 1000 {
		assert.NoError(t, free.Enter(depth))
	}
}

func TestHold(t *testing.T) {
	r := bus.NewRoot(t.Context(), 0)
	r.Limits.Buffered = 10
	assert.NoError(t, r.Hold(9))
	assert.NoError(t, r.Hold(1), "at the limit")
	err := bus.Classify(r.Hold(1))
	assert.Equal(t, 413, err.Status)
	assert.Equal(t, bus.TypeBudget, err.Type)
	assert.NoError(t, r.Hold(-1))
	assert.NoError(t, r.Hold(1), "what was refused is not held")
	assert.Error(t, r.Hold(1))
	assert.NoError(t, bus.NewRoot(t.Context(), 0).Hold(1<<40))
}

func TestAtMost(t *testing.T) {
	left := func(a *bus.Allowance) time.Duration {
		end, ok := a.Deadline()
		require.True(t, ok)
		return time.Until(end).Round(time.Minute)
	}
	for name, row := range map[string]struct {
		timeout time.Duration
		then    func(a *bus.Allowance)
		want    time.Duration
	}{
		"shorter":               {time.Hour, func(a *bus.Allowance) { a.AtMost(time.Minute) }, time.Minute},
		"longer":                {time.Minute, func(a *bus.Allowance) { a.AtMost(time.Hour) }, time.Minute},
		"of no limit":           {0, func(a *bus.Allowance) { a.AtMost(time.Minute) }, time.Minute},
		"allowed more":          {time.Hour, func(a *bus.Allowance) { a.AtMost(time.Minute); a.Allow(time.Hour) }, time.Minute},
		"allowed without limit": {time.Hour, func(a *bus.Allowance) { a.AtMost(time.Minute); a.Allow(0) }, time.Minute},
		"allowed less":          {time.Hour, func(a *bus.Allowance) { a.AtMost(30 * time.Minute); a.Allow(time.Minute) }, time.Minute},
		"begun anew":            {time.Hour, func(a *bus.Allowance) { a.AtMost(time.Minute); a.Restart() }, time.Minute},
	} {
		a := bus.NewAllowance(t.Context(), row.timeout)
		row.then(a)
		assert.Equal(t, row.want, left(a), name)
		a.End()
	}
	lifted := bus.NewAllowance(t.Context(), time.Hour)
	defer lifted.End()
	lifted.Lift()
	lifted.AtMost(time.Minute)
	_, ok := lifted.Deadline()
	assert.False(t, ok)
}
