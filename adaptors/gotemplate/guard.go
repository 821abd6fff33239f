package gotemplate

import "text/template/parse"

// walk calls f with each node that a template would execute, in their order, but
// for the lists.
func walk(list *parse.ListNode, f func(parse.Node)) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		f(n)
		for _, below := range listsOf(n) {
			walk(below, f)
		}
	}
}

// listsOf returns what is inside a block; one may be nil.
func listsOf(n parse.Node) []*parse.ListNode {
	switch n := n.(type) {
	case *parse.ListNode:
		return []*parse.ListNode{n}
	case *parse.IfNode:
		return []*parse.ListNode{n.List, n.ElseList}
	case *parse.WithNode:
		return []*parse.ListNode{n.List, n.ElseList}
	case *parse.RangeNode:
		return []*parse.ListNode{n.List, n.ElseList}
	}
	return nil
}

// guard sets a mark where the list begins and before each of its actions, and
// has what they print go through the function shown. A mark is an empty text:
// the one thing that reaches the writer of this execution without a value, and
// that the escaping of HTML leaves as it is.
func guard(list *parse.ListNode) {
	if list == nil {
		return
	}
	nodes := []parse.Node{mark(list.Pos)}
	for _, n := range list.Nodes {
		if _, isText := n.(*parse.TextNode); !isText && len(nodes) > 1 {
			nodes = append(nodes, mark(n.Position()))
		}
		nodes = append(nodes, n)
		if action, ok := n.(*parse.ActionNode); ok && len(action.Pipe.Decl) == 0 {
			show(action.Pipe)
		}
		for _, below := range listsOf(n) {
			guard(below)
		}
	}
	list.Nodes = nodes
}

func mark(at parse.Pos) parse.Node {
	return &parse.TextNode{NodeType: parse.NodeText, Pos: at, Text: []byte{}}
}

// show appends the function shown to what is printed. After html and urlquery,
// which html/template wants at the end, there is no need: they make text.
func show(pipe *parse.PipeNode) {
	last := pipe.Cmds[len(pipe.Cmds)-1]
	if f, ok := last.Args[0].(*parse.IdentifierNode); ok && (f.Ident == "html" || f.Ident == "urlquery") {
		return
	}
	pipe.Cmds = append(pipe.Cmds, &parse.CommandNode{
		NodeType: parse.NodeCommand, Pos: pipe.Pos,
		Args: []parse.Node{parse.NewIdentifier(shown).SetPos(pipe.Pos)},
	})
}
