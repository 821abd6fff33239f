package cli

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/seed90475182/restspace/bus"
)

// printReply prints status, fields in the order of their names, and body.
func (r *run) printReply(method string, reply *bus.Message, bodyOnly bool) error {
	if !bodyOnly {
		if err := r.printHead(reply); err != nil {
			return err
		}
	}
	if method == http.MethodHead || reply.Status == http.StatusSwitchingProtocols {
		return nil
	}
	return r.printBody(reply.Body)
}

func (r *run) printHead(reply *bus.Message) error {
	p := r.paintFor(r.stdout)
	status := p.green
	if reply.Status >= http.StatusBadRequest {
		status = p.red
	}
	w := bufio.NewWriter(r.stdout)
	fmt.Fprintf(w, "HTTP %s\n", status(fmt.Sprintf("%d %s", reply.Status, http.StatusText(reply.Status))))
	for _, f := range fieldsOf(reply) {
		fmt.Fprintf(w, "%s %s\n", p.faint(f.Name+":"), printable(f.Value))
	}
	fmt.Fprintln(w)
	return w.Flush()
}

// fieldsOf returns the fields of reply, with what its body says of itself.
func fieldsOf(reply *bus.Message) []bus.Field {
	fields := slices.Clone(reply.Header)
	if t := reply.Body.MediaType(); t != "" {
		fields.Set("Content-Type", t)
	}
	if size := reply.Body.Size(); reply.Body != nil && size >= 0 {
		fields.Set("Content-Length", strconv.FormatInt(size, 10))
	}
	slices.SortStableFunc(fields, func(a, b bus.Field) int { return cmp.Compare(a.Name, b.Name) })
	return fields
}

// printBody prints b as it is. To a terminal, which binary bytes could upset, it
// says what they are, and ends a text that does not end with a newline.
func (r *run) printBody(b *bus.Body) error {
	if b.Size() != 0 && b.Payload() == bus.Binary && isTerminal(r.stdout) {
		size := "of unknown size"
		if b.Size() > 0 {
			size = fmt.Sprintf("of %d bytes", b.Size())
		}
		_, err := fmt.Fprintf(r.stdout, "(a binary body %s: write --body and > FILE to keep it)\n", size)
		return err
	}
	w := &ending{Writer: r.stdout, last: '\n'}
	_, err := io.Copy(w, b.Reader())
	if err == nil && w.last != '\n' && isTerminal(r.stdout) {
		_, err = fmt.Fprintln(w)
	}
	r.midLine = w.last != '\n'
	return err
}

// ending knows the last byte that was written.
type ending struct {
	io.Writer
	last byte
}

func (w *ending) Write(p []byte) (int, error) {
	if len(p) > 0 {
		w.last = p[len(p)-1]
	}
	return w.Writer.Write(p)
}
