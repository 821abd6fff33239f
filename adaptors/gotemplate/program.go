package gotemplate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"text/template/parse"

	htmltemplate "html/template"
	texttemplate "text/template"

	"github.com/seed90475182/restspace/adaptors"
)

const (
	maxParts = 100     // sources of one program
	maxParse = 4 << 20 // bytes of them
)

// program is a template with all that it names, compiled.
type program struct {
	name  string
	parts []part // the first is the template itself
	size  int    // bytes of their sources
	trees map[string]*parse.Tree
	idle  sync.Pool // of *instance
}

// part is a source that a program was made of.
type part struct {
	name   string
	source []byte
}

// compile reads a template and its partials.
func compile(ctx context.Context, t adaptors.Template) (*program, error) {
	p := &program{name: t.Name, trees: make(map[string]*parse.Tree)}
	wanted, err := p.add(t.Name, t.Source)
	for err == nil && len(wanted) > 0 {
		next := wanted[0]
		wanted = wanted[1:]
		if p.trees[next.name] != nil {
			continue
		}
		var source []byte
		if source, err = next.load(ctx, t); err == nil {
			var more []reference
			more, err = p.add(next.name, source)
			wanted = append(wanted, more...)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := p.checkNames(); err != nil {
		return nil, err
	}
	for _, tree := range p.trees {
		guard(tree.Root)
	}
	i, err := p.instance()
	if err != nil {
		return nil, err
	}
	p.idle.Put(i)
	return p, nil
}

// add reads a source, and returns the partials that it names. Of two templates
// of one name the first that is found counts: so a page may define what its
// layout would show otherwise.
func (p *program) add(name string, source []byte) ([]reference, error) {
	p.parts = append(p.parts, part{name, source})
	p.size += len(source)
	if len(p.parts) > maxParts || p.size > maxParse {
		return nil, fault(p.name, 0, 0, fmt.Sprintf("the template and its partials are more than %d, or than %d bytes", maxParts, maxParse))
	}
	trees, err := parseSource(name, source)
	if err != nil {
		return nil, err
	}
	for defined, tree := range trees {
		if p.trees[defined] == nil {
			p.trees[defined] = tree
		}
	}
	text := string(source)
	var wanted []reference
	for _, tree := range trees {
		for _, r := range referencesOf(name, text, tree) {
			if p.trees[r.name] == nil && path.Ext(r.name) != "" {
				wanted = append(wanted, r)
			}
		}
	}
	return wanted, nil
}

// reference is where a template names another one.
type reference struct {
	name         string
	from         string
	line, column int
}

func referencesOf(from, text string, tree *parse.Tree) (list []reference) {
	walk(tree.Root, func(n parse.Node) {
		if t, ok := n.(*parse.TemplateNode); ok {
			line, column := position(text, t.Pos)
			list = append(list, reference{t.Name, from, line, column})
		}
	})
	return list
}

// load asks for the partial that r names.
func (r reference) load(ctx context.Context, t adaptors.Template) ([]byte, error) {
	var source []byte
	var err error = fs.ErrNotExist
	if t.Partial != nil {
		source, err = t.Partial(ctx, r.name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, r.missing()
	}
	return source, err
}

func (r reference) missing() error {
	return fault(r.from, r.line, r.column, fmt.Sprintf("there is no template %q: write the path of one from the root of the store, or define it", r.name))
}

// checkNames finds the first name that no template has.
func (p *program) checkNames() error {
	for _, one := range p.parts {
		text := string(one.source)
		for _, tree := range p.trees {
			if strings.ReplaceAll(tree.ParseName, "%%", "%") != one.name {
				continue
			}
			for _, r := range referencesOf(one.name, text, tree) {
				if p.trees[r.name] == nil {
					return r.missing()
				}
			}
		}
	}
	return nil
}

// current reports whether the template and its partials are still what the
// program was made of.
func (p *program) current(ctx context.Context, t adaptors.Template) (bool, error) {
	if !bytes.Equal(p.parts[0].source, t.Source) {
		return false, nil
	}
	for _, one := range p.parts[1:] {
		source, err := t.Partial(ctx, one.name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
		if err != nil || !bytes.Equal(one.source, source) {
			return false, nil
		}
	}
	return true, nil
}

// instance is a program that one execution at a time can use, since its
// functions belong to one run.
type instance struct {
	executable
	run *run
}

type executable interface {
	Execute(w io.Writer, data any) error
}

// instance makes another one.
func (p *program) instance() (*instance, error) {
	i := &instance{run: new(run)}
	if !isHTML(p.name) {
		t := texttemplate.New(p.name).Funcs(i.run.functions(false))
		for name, tree := range p.trees {
			if _, err := t.AddParseTree(name, tree); err != nil {
				return nil, err
			}
		}
		i.executable = t
		return i, nil
	}
	t := htmltemplate.New(p.name).Funcs(i.run.functions(true))
	for name, tree := range p.trees {
		one, err := t.AddParseTree(name, tree.Copy()) // the escaping changes it
		if err != nil {
			return nil, err
		}
		if name == p.name {
			i.executable = one
		}
	}
	return i, p.escape(i)
}

// escape has html/template find out now how the values of a page are escaped,
// which it does before it writes anything.
func (p *program) escape(i *instance) error {
	i.run.begin(context.Background(), io.Discard)
	i.run.steps = maxSteps
	err := i.execute(nil)
	if i.run.end(); errors.Is(err, errSteps) {
		return nil
	}
	return p.explain(err)
}

// render executes the program.
func (p *program) render(ctx context.Context, w io.Writer, data any) error {
	i, ok := p.idle.Get().(*instance)
	if !ok {
		var err error
		if i, err = p.instance(); err != nil {
			return err
		}
	}
	i.run.begin(ctx, w)
	err := i.execute(data)
	i.run.end()
	p.idle.Put(i)
	return p.explain(err)
}

// execute turns a panic of the packages below into an error.
func (i *instance) execute(data any) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			err = limit(fmt.Sprintf("the template can't be executed: %v", caught))
		}
	}()
	return i.Execute(i.run, data)
}
