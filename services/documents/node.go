package documents

// A node is a value of a document that is being patched. It is taken apart
// only where a pointer leads through it, and written as it was unless something
// inside has changed.
type node struct {
	raw  string    // JSON text; "" once something inside has changed
	open container // what is in it, once that was asked for
}

func (n *node) appendTo(to []byte) []byte {
	if n.raw != "" {
		return append(to, n.raw...)
	}
	return n.open.appendTo(to)
}
