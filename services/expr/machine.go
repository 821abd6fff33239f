package expr

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"

	"github.com/dop251/goja"
)

const (
	maxCalls     = 256 // deep
	maxFunctions = 512 // compiled expressions that a machine remembers
	maxPatterns  = 64  // regular expressions, likewise
)

//go:embed machine.js
var script string

// program is what each machine runs first.
var program = goja.MustCompile("machine.js", script, true)

// lists says to the program what is allowed.
var lists = func() string {
	of := func(names map[string]map[string]bool) map[string][]string {
		sorted := make(map[string][]string)
		for object := range names {
			sorted[object] = slices.Sorted(maps.Keys(names[object]))
		}
		return sorted
	}
	text, err := json.Marshal(map[string]any{"allowed": of(methodNames), "statics": of(statics)})
	if err != nil {
		panic(err)
	}
	return string(text)
}()

// machine is a goja runtime in which only expressions run. One goroutine has it
// at a time.
type machine struct {
	js        *goja.Runtime
	natives   *goja.Object
	functions map[*code]goja.Callable
	patterns  map[string]*pattern // by flags and source
	watched   watched
	place     int  // among those that work
	run       *run // that it works for
	frame     *frame
	code      *code
	values    []goja.Value // of the last args
}

func newMachine() *machine {
	m := &machine{js: goja.New(), functions: make(map[*code]goja.Callable), patterns: make(map[string]*pattern)}
	m.run = &run{budget: newBudget()} // of the program itself
	setUp, err := m.js.RunProgram(program)
	if err != nil {
		panic(err)
	}
	start, _ := goja.AssertFunction(setUp)
	natives, err := start(nil, m.host(), m.js.ToValue(lists))
	if err != nil {
		panic(err)
	}
	m.natives = natives.(*goja.Object)
	m.js.SetMaxCallStackSize(maxCalls)
	return m
}

// stop interrupts what runs: goja sees it between two instructions, and the
// functions of the host look for it. Only the watchdog calls it.
func (m *machine) stop(reason error) {
	if m.watched.stopped.Load() {
		return
	}
	m.watched.reason = reason
	m.watched.stopped.Store(true)
	m.js.Interrupt(reason)
}

// late is why the machine was stopped; nil while it may work.
func (m *machine) late() error {
	if m.watched.stopped.Load() {
		return m.watched.reason
	}
	return nil
}

// function returns what c compiles to in this machine.
func (m *machine) function(c *code) (goja.Callable, error) {
	if f, ok := m.functions[c]; ok {
		return f, nil
	}
	whole, err := m.js.RunProgram(c.program)
	if err != nil {
		return nil, err
	}
	natives := make([]goja.Value, len(c.natives))
	for i, name := range c.natives {
		natives[i] = m.natives.Get(name)
	}
	bind, _ := goja.AssertFunction(whole)
	inner, err := bind(nil, natives...)
	if err != nil {
		return nil, err
	}
	f, _ := goja.AssertFunction(inner)
	if len(m.functions) >= maxFunctions {
		clear(m.functions)
	}
	m.functions[c] = f
	return f, nil
}

// args are the values of the paths that c reads, until the next call: goja
// copies them. It makes its stack as large as they are, so that a few more than
// are read spare it a second one where something is called.
func (m *machine) args(c *code, f *frame) ([]goja.Value, error) {
	const few = 3
	args := m.values[:0]
	for i := range c.params {
		p := &c.params[i]
		if p.host {
			args = append(args, m.hostFunction(f.function(p.root)))
			continue
		}
		v, err := m.decode(f.read(p), 0)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	for len(c.natives) > 0 && len(args) < few {
		args = append(args, goja.Undefined())
	}
	m.values = args
	return args, nil
}

// hostFunction is a function of the scope in the machine.
func (m *machine) hostFunction(function func(string) any) goja.Value {
	if function == nil {
		return goja.Undefined()
	}
	return m.js.ToValue(func(c goja.FunctionCall) goja.Value {
		value := function(c.Argument(0).String())
		if value == nil {
			return goja.Undefined()
		}
		return m.must(m.decode(result(value), 0))
	})
}
