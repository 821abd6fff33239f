package expr

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The machine itself has no way out, whatever a source could be made to say:
// here JavaScript runs in it that no expression is.
func TestMachine(t *testing.T) {
	m := newMachine()
	for source, want := range map[string]any{
		"[].constructor":              nil,
		"''.constructor":              nil,
		"(5).constructor":             nil,
		"({}).constructor":            nil,
		"(x => x).constructor":        nil,
		"(async () => 1).call":        nil,
		"/x/.constructor":             nil,
		"new Date(0).constructor":     nil,
		"[].values().constructor":     nil,
		"new TypeError().constructor": nil,
		"({}).__proto__":              nil,
		"(x => x).call":               nil,
		"(x => x).apply":              nil,
		"(x => x).bind":               nil,
		"''.toLocaleUpperCase":        nil,
		"[].copyWithin":               nil,
		"/x/.compile":                 nil,
		"Object.isFrozen(Array.prototype) && Object.isFrozen(Object.prototype) && Object.isFrozen(String.prototype)":  true,
		"Object.isFrozen(Function.prototype) && Object.isFrozen(RegExp.prototype) && Object.isFrozen(Date.prototype)": true,
		"Object.isFrozen(Object.getPrototypeOf([].values()))":                                                         true,
		"(() => { try { 'use strict'; Array.prototype.map = 1 } catch (e) {} return typeof [].map })()":               "function",
		"(() => { try { 'use strict'; [].indexOf.x = 1 } catch (e) {} return [].indexOf.x })()":                       nil,
	} {
		v, err := m.js.RunString(source)
		require.NoError(t, err, source)
		assert.Equal(t, want, v.Export(), source)
	}
}

// A machine that was interrupted, or whose stack was full, is not used again.
func TestMachinesAreThrownAway(t *testing.T) {
	engine := new(Engine)
	for _, source := range []string{"(f => f(f))(f => [1].map(() => f(f)))", "(l => l.every(() => l.every(() => true)))(Array(4e5).fill(1))"} {
		e, err := Compile(source)
		require.NoError(t, err)
		r := newRun(t.Context(), engine)
		_, err = e.raw(r, newFrame(&Scope{}))
		require.Error(t, err)
		broken := r.machine
		r.end()
		for range 4 {
			m := engine.take()
			assert.NotSame(t, broken, m, source)
			engine.give(m, false)
		}
	}
}

// What is wrong with the data, or too much, costs no machine.
func TestMachinesAreKept(t *testing.T) {
	for _, source := range []string{"parseJson('{')", "'x'.repeat(1e9)", "[].reduce(x => x)"} {
		e, err := Compile(source)
		require.NoError(t, err)
		r := newRun(t.Context(), new(Engine))
		_, err = e.raw(r, newFrame(&Scope{}))
		require.Error(t, err)
		assert.False(t, r.broken, source)
		r.end()
	}
}

// The evaluations of a run have a time together, and the next run its own.
func TestTimeOfARun(t *testing.T) {
	engine := new(Engine)
	short, err := Compile("1 + a")
	require.NoError(t, err)
	long, err := Compile("(l => l.every(() => l.every(() => true)))(Array(4e5).fill(1))")
	require.NoError(t, err)
	r := newRun(t.Context(), engine)
	f := newFrame(&Scope{Engine: engine})
	_, err = short.raw(r, f)
	require.NoError(t, err)
	r.machine.watched.all.Store(int64(mostOfAll))
	_, err = long.raw(r, f)
	assert.ErrorContains(t, err, errAllTime.Error())
	r.end()

	m := newMachine()
	m.watched.all.Store(int64(mostOfAll))
	engine.machines.Put(m)
	m = engine.take()
	assert.Zero(t, m.watched.all.Load())
	engine.give(m, true)
}

// A process that has a lot to do, or stood still, is no reason to end an evaluation,
// and those that wait are none to let it go on for ever.
func TestShareOfATick(t *testing.T) {
	for name, row := range map[string]struct {
		passed      time.Duration
		waiting     uint64
		least, most time.Duration
	}{
		"nobody waits":               {tickTime, 0, tickTime, tickTime},
		"as many as run":             {tickTime, 2, tickTime / 2, tickTime / 2},
		"many":                       {tickTime, 1e6, most / 100, most / 50},
		"many, and the tick is late": {10 * tickTime, 1e6, most / 10, most / 5},
		"it stood still":             {time.Hour, 0, tickTime, most / 2},
		"it stood still, many":       {time.Hour, 1e6, tickTime, most / 2},
	} {
		got := share(row.passed, 2, row.waiting)
		assert.GreaterOrEqual(t, got, row.least, name)
		assert.LessOrEqual(t, got, row.most, name)
	}
}
