package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus/spelling"
	"github.com/seed90475182/restspace/services/expr"
)

// The size of a pipeline.
const (
	maxSteps       = 100
	maxDepth       = 16
	maxConcurrency = 256

	maxFaults = 100 // that are told of
)

// Parse reads a pipeline. An error is all that is wrong with it: *Fault values
// that were joined.
func Parse(data []byte) (*Pipeline, error) {
	p := &parser{pipeline: new(Pipeline), data: jsontext.NewDecoder(bytes.NewReader(data))}
	if p.data.PeekKind() != '[' {
		return nil, &Fault{"", -1, `not a pipeline: write a list of steps, such as ["GET /contacts/$>0"]`}
	}
	p.pipeline.root = p.level("", serial, 1)
	if p.broken == nil && len(p.faults) < maxFaults {
		if _, err := p.data.ReadToken(); err != io.EOF {
			p.broken = &Fault{"", -1, "something follows the pipeline: leave it out"}
		}
	}
	if p.broken == nil {
		p.broken = p.unjoined()
	}
	if p.broken == nil && len(p.faults) == 0 { // else what sets a variable may not be known
		p.broken = p.unset()
	}
	return p.pipeline, errors.Join(append(p.faults, p.broken)...)
}

// parser goes through the JSON once. It goes on after a fault, but for one of
// the JSON itself.
type parser struct {
	pipeline *Pipeline
	data     *jsontext.Decoder
	faults   []error
	broken   error
	elements int

	variables []string // that transforms set
}

func (p *parser) fault(at jsontext.Pointer, offset int, format string, args ...any) {
	p.faults = append(p.faults, &Fault{at, offset, fmt.Sprintf(format, args...)})
}

// level reads an array, whose mode is m if it names none.
func (p *parser) level(at jsontext.Pointer, m mode, depth int) *level {
	b := &builder{parser: p, level: &level{at: at}, depth: depth}
	before := p.elements + len(p.faults)
	b.begin(m, "", "")
	if _, err := p.data.ReadToken(); err != nil {
		p.broken = p.syntax(at, err)
		return b.level
	}
	for i := 0; p.broken == nil && len(p.faults) < maxFaults && p.data.PeekKind() != ']'; i++ {
		b.element(at.AppendToken(strconv.Itoa(i)), i)
	}
	if p.broken == nil && len(p.faults) < maxFaults {
		if _, err := p.data.ReadToken(); err != nil {
			p.broken = p.syntax(at, err)
		}
	}
	if p.broken == nil && p.elements+len(p.faults) == before {
		p.fault(at, -1, `nothing to do: write a step into the list, such as "GET /contacts/$>0"`)
	}
	b.flush()
	return b.level
}

func (p *parser) syntax(at jsontext.Pointer, err error) error {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		err = syntax.Err
	}
	text := strings.TrimPrefix(err.Error(), "jsontext: ")
	if strings.HasPrefix(text, "invalid escape sequence") {
		text += `: write the character alone, or \\ for a backslash`
	}
	return &Fault{at, -1, "not valid JSON: " + text}
}

// builder makes the stages of a level.
type builder struct {
	*parser
	level   *level
	stage   stage // the one at hand
	depth   int
	started bool // something that is no option came
}

// begin has the elements that follow stand in a stage of a mode. Empty actions
// are those that the mode has by itself.
func (b *builder) begin(m mode, fail, succeed action) {
	b.flush()
	b.stage = stage{mode: m, fail: next, succeed: next}
	switch m {
	case parallel:
		b.stage.fail = stop
	case conditional:
		b.stage.succeed = end
	}
	if fail != "" {
		b.stage.fail = fail
	}
	if succeed != "" {
		b.stage.succeed = succeed
	}
}

// flush ends the stage at hand.
func (b *builder) flush() {
	if len(b.stage.elements) > 0 {
		b.level.stages = append(b.level.stages, b.stage)
	}
	b.stage.elements = nil
}

func (b *builder) add(e element) { b.stage.elements = append(b.stage.elements, e) }

// element reads what comes next.
func (b *builder) element(at jsontext.Pointer, index int) {
	kind := b.data.PeekKind()
	if kind != '"' && kind != '[' {
		b.value(at, kind)
		return
	}
	if kind == '[' {
		b.array(at)
		return
	}
	token, err := b.data.ReadToken()
	if err != nil {
		b.broken = b.syntax(at, err)
		return
	}
	text := token.String()
	if !b.started && b.depth == 1 && b.option(at, text) {
		return
	}
	b.started = true
	if !b.late(at, text) && !b.word(at, text) {
		b.step(at, text)
	}
}

// count holds the elements to their number.
func (b *builder) count(at jsontext.Pointer) {
	if b.elements++; b.elements > maxSteps && b.broken == nil {
		b.broken = &Fault{at, -1, fmt.Sprintf("more than %d steps: put some of them into a pipeline of their own, and call that", maxSteps)}
	}
}

// value reads a transform, or what is none of the kinds of elements.
func (b *builder) value(at jsontext.Pointer, kind jsontext.Kind) {
	b.started = true
	raw, err := b.data.ReadValue()
	if err != nil {
		b.broken = b.syntax(at, err)
		return
	}
	if kind != '{' {
		b.fault(at, -1, "%.32s is no element: write a step in a string, a transform in an object, or a pipeline in a list", raw)
		return
	}
	b.count(at)
	made, err := expr.CompileTransform(bytes.Clone(raw))
	if wrong, ok := errors.AsType[expr.TransformErrors](err); ok {
		for _, one := range wrong {
			b.faults = append(b.faults, faultOf(at, -1, one))
		}
		return
	}
	if err != nil {
		b.faults = append(b.faults, faultOf(at, -1, err))
		return
	}
	b.variables = append(b.variables, made.Variables()...)
	b.add(&transform{at, made})
}

// array reads a pipeline inside this one.
func (b *builder) array(at jsontext.Pointer) {
	b.started = true
	b.count(at)
	if b.depth == maxDepth {
		b.broken = &Fault{at, -1, fmt.Sprintf("lists in lists more than %d deep: put some of it into a pipeline of its own, and call that", maxDepth)}
		return
	}
	inside := serial
	if b.stage.mode == serial || b.stage.mode == tee || b.stage.mode == teeWait {
		inside = parallel
	}
	b.add(b.parser.level(at, inside, b.depth+1))
}

// option reads what holds for the whole pipeline.
func (b *builder) option(at jsontext.Pointer, text string) bool {
	if text == optionTrace {
		b.pipeline.trace = true
		return true
	}
	number, ok := strings.CutPrefix(text, optionConcurrency)
	if !ok {
		return false
	}
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || n < 1 || n > maxConcurrency {
		b.fault(at, len(optionConcurrency), `how many calls there are at one time: write a number from 1 to %d, as in "concurrency 4"`, maxConcurrency)
	}
	b.pipeline.concurrency = n
	return true
}

// late tells of an option that does not stand where options do.
func (b *builder) late(at jsontext.Pointer, text string) bool {
	word, _, _ := strings.Cut(text, " ")
	if word != optionTrace && word != optionConcurrency {
		return false
	}
	b.fault(at, 0, "%s holds for the whole pipeline: write it at the beginning of the outermost list, before all else", word)
	return true
}

// word reads a mode, a splitter or a joiner.
func (b *builder) word(at jsontext.Pointer, text string) bool {
	if split := splitterNamed(text); split != nil {
		b.count(at)
		b.pipeline.fans = true
		b.add(&splitting{at, text, split})
		return true
	}
	if join := joinerNamed(text); join != nil {
		b.count(at)
		b.join(at, text, join)
		b.pipeline.joinsJSON = b.pipeline.joinsJSON || text == "jsonObject" || text == "jsonArray"
		return true
	}
	fields := strings.Fields(text)
	if len(fields) == 0 || !isMode(fields[0]) {
		return false
	}
	b.mode(at, fields)
	return true
}

func isMode(word string) bool {
	return slices.Contains([]mode{serial, parallel, conditional, tee, teeWait}, mode(word))
}

// mode reads a mode with its actions.
func (b *builder) mode(at jsontext.Pointer, fields []string) {
	m := mode(fields[0])
	actions := [2]action{}
	for i, word := range fields[1:] {
		if i == len(actions) {
			b.fault(at, -1, "a mode has two actions: write %s <fail> <succeed>", m)
			return
		}
		actions[i] = action(word)
		switch {
		case !slices.Contains([]action{stop, next, end}, action(word)):
			b.fault(at, -1, "%q is no action: %s", word, spelling.Choice(word, []string{string(stop), string(next), string(end)}))
		case m == parallel && action(word) == end:
			b.fault(at, -1, "parallel elements have no order, so that there is no rest to skip: write stop or next in the place of end")
		}
	}
	if m != serial && m != conditional {
		b.pipeline.fans = true
	}
	b.begin(m, actions[0], actions[1])
}

// join adds a joiner, which is a stage of its own.
func (b *builder) join(at jsontext.Pointer, word string, j joiner) {
	if b.stage.mode != serial {
		b.fault(at, -1, "%s joins what comes before it, but each element of a %s list gets the same message: "+
			`write it after the list, or "serial" at the beginning of it`, word, b.stage.mode)
		return
	}
	same := b.stage
	b.flush()
	b.level.stages = append(b.level.stages, stage{joiner: j, at: at, word: word})
	b.begin(same.mode, same.fail, same.succeed)
}
