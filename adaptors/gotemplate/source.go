package gotemplate

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"text/template/parse"
)

const (
	maxSource  = 1 << 20 // bytes of one source
	maxActions = 20_000  // "{{" in one source: how deep blocks can be in one another
	maxCalls   = 1_000   // functions in one action
)

// parseSource returns the templates of a source, by their names: that of the
// source itself, and those that it defines. Their actions are not yet guarded.
func parseSource(name string, source []byte) (map[string]*parse.Tree, error) {
	switch {
	case len(source) > maxSource:
		return nil, fault(name, 0, 0, fmt.Sprintf("the template is larger than %d bytes: take it apart into partials", maxSource))
	case bytes.Count(source, []byte("{{")) > maxActions:
		return nil, fault(name, 0, 0, fmt.Sprintf("the template has more than %d actions: take it apart into partials", maxActions))
	}
	text := string(source)
	doubled := strings.ReplaceAll(name, "%", "%%") // errors take the name for a format
	trees, err := parse.Parse(doubled, text, "", "", known())
	if err != nil {
		line, message := parseError(err)
		return nil, fault(name, line, columnOf(text, line, message), message)
	}
	if doubled != name {
		trees[name] = trees[doubled]
		delete(trees, doubled)
	}
	for _, tree := range trees {
		if err := checkCalls(name, text, tree.Root); err != nil {
			return nil, err
		}
	}
	return trees, nil
}

var parseErrorForm = regexp.MustCompile(`(?s)^template: .*?:(\d+): (.*)$`)

// parseError takes the message of text/template/parse apart.
func parseError(err error) (line int, message string) {
	found := parseErrorForm.FindStringSubmatch(err.Error())
	if found == nil {
		return 0, err.Error()
	}
	line, _ = strconv.Atoi(found[1])
	return line, found[2]
}

// columnOf returns where on its line the action is that a parse error is about,
// which the error does not say: the last one before which there is no such
// error. 0 is not known.
func columnOf(text string, line int, message string) int {
	begin, end := lineOf(text, line)
	var actions []int // where they begin
	for at := begin; at < end; at += len("{{") {
		next := strings.Index(text[at:end], "{{")
		if next < 0 {
			break
		}
		at += next
		actions = append(actions, at)
	}
	first, last := 0, len(actions)-1
	for first < last {
		middle := (first + last + 1) / 2
		_, err := parse.Parse("", text[:actions[middle]], "", "", known())
		if err != nil {
			if at, same := parseError(err); at == line && same == message {
				last = middle - 1
				continue
			}
		}
		first = middle
	}
	if last < 0 {
		return 0
	}
	return actions[first] - begin + 1
}

// lineOf returns where a line begins, and where it ends.
func lineOf(text string, line int) (begin, end int) {
	for range line - 1 {
		next := strings.IndexByte(text[begin:], '\n')
		if next < 0 {
			break
		}
		begin += next + 1
	}
	if end = strings.IndexByte(text[begin:], '\n'); end < 0 {
		return begin, len(text)
	}
	return begin, begin + end
}

// position returns the line and the column of an offset.
func position(text string, offset parse.Pos) (line, column int) {
	before := text[:offset]
	return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n')
}

// checkCalls refuses an action that calls more functions than one may between
// two marks.
func checkCalls(name, text string, list *parse.ListNode) error {
	var err error
	walk(list, func(n parse.Node) {
		if calls := callsOf(n); calls > maxCalls && err == nil {
			line, column := position(text, n.Position())
			err = fault(name, line, column, fmt.Sprintf("an action calls %d functions: take it apart by variables, with at most %d in each", calls, maxCalls))
		}
	})
	return err
}

// callsOf returns how many functions an action calls.
func callsOf(n parse.Node) int {
	calls := 0
	switch n := n.(type) {
	case *parse.IdentifierNode:
		return 1
	case *parse.ChainNode:
		return callsOf(n.Node)
	case *parse.PipeNode:
		if n == nil {
			return 0
		}
		for _, command := range n.Cmds {
			for _, arg := range command.Args {
				calls += callsOf(arg)
			}
		}
	default:
		calls = callsOfPipe(n)
	}
	return calls
}

func callsOfPipe(n parse.Node) int {
	switch n := n.(type) {
	case *parse.ActionNode:
		return callsOf(n.Pipe)
	case *parse.IfNode:
		return callsOf(n.Pipe)
	case *parse.WithNode:
		return callsOf(n.Pipe)
	case *parse.RangeNode:
		return callsOf(n.Pipe)
	case *parse.TemplateNode:
		return callsOf(n.Pipe)
	}
	return 0
}

// isHTML reports whether a template of that name makes HTML.
func isHTML(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm":
		return true
	}
	return false
}
