package pipeline

import (
	"fmt"
	"net/http"

	"github.com/seed90475182/restspace/bus"
)

// pieces is a JSON list or object that is being made: it is put together once,
// when its size is known.
type pieces struct {
	list [][]byte
	size int
}

// add appends a value, with what stands before it.
func (p *pieces) add(r *run, before, value []byte) error {
	n := len(before) + len(value) + 1
	if int64(p.size+n) > r.limit {
		return &bus.Error{Status: http.StatusRequestEntityTooLarge, Type: bus.TypeBodyTooLarge,
			Detail: fmt.Sprintf("the parts are larger together than the limit of %d bytes", r.limit)}
	}
	p.list = append(p.list, before, value)
	p.size += n
	return r.hold(int64(n))
}

// enclosed returns all of them, with commas between and brackets around them.
func (p *pieces) enclosed(open, closing byte) []byte {
	text := append(make([]byte, 0, p.size+2), open)
	for i := 0; i < len(p.list); i += 2 {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(text, p.list[i]...), p.list[i+1]...)
	}
	return append(text, closing)
}
