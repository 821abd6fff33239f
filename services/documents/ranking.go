package documents

import (
	"bytes"
	"cmp"
	"container/heap"
	"net/http"
	"slices"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents/odata"
)

// maxRanked is how many bytes of what they are ordered by may be held of
// documents.
const maxRanked = 16 << 20

// A ranked is a document that was found. Its content is not held.
type ranked struct {
	rank odata.Rank
	at   int // how many were found before it
	key  adaptors.Key
	name []byte // as listings show it
}

func (r *ranked) size() int { return r.rank.Size() + 2*len(r.name) }

// A ranking holds the first documents of an order, and among equal ones those
// that were found first. It is a heap with the last of them on top.
type ranking struct {
	order *odata.Order // nil: as they are found
	most  int
	found int // all that were added
	bytes int
	list  []*ranked
}

// add adds the entry e, whose place in the order is rank.
func (r *ranking) add(e *entry, rank odata.Rank) error {
	next := &ranked{rank: rank, at: r.found}
	r.found++
	if len(r.list) == r.most {
		if r.most == 0 || r.compare(next, r.list[0]) > 0 {
			return nil
		}
		r.bytes -= heap.Pop(r).(*ranked).size()
	}
	next.key, next.name = slices.Clone(e.key), bytes.Clone(e.name)
	heap.Push(r, next)
	if r.bytes += next.size(); r.bytes > maxRanked {
		return bus.Errorf(http.StatusRequestEntityTooLarge,
			"what the documents are to be ordered by is more than %d MiB: ask for fewer with %s", maxRanked>>20, topKey)
	}
	return nil
}

// sorted returns the documents in their order. The ranking is not used again.
func (r *ranking) sorted() []*ranked {
	slices.SortFunc(r.list, r.compare)
	return r.list
}

func (r *ranking) compare(a, b *ranked) int {
	if r.order != nil {
		if order := r.order.Compare(a.rank, b.rank); order != 0 {
			return order
		}
	}
	return cmp.Compare(a.at, b.at)
}

// Len is part of heap.Interface.
func (r *ranking) Len() int { return len(r.list) }

// Less is part of heap.Interface.
func (r *ranking) Less(i, j int) bool { return r.compare(r.list[i], r.list[j]) > 0 }

// Swap is part of heap.Interface.
func (r *ranking) Swap(i, j int) { r.list[i], r.list[j] = r.list[j], r.list[i] }

// Push is part of heap.Interface.
func (r *ranking) Push(x any) { r.list = append(r.list, x.(*ranked)) }

// Pop is part of heap.Interface.
func (r *ranking) Pop() any {
	last := r.list[len(r.list)-1]
	r.list = r.list[:len(r.list)-1]
	return last
}
