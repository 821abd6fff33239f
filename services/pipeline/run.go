package pipeline

import (
	"context"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/seed90475182/restspace/bus"
)

// run is one run of a pipeline: what its elements share.
type run struct {
	*runner
	ctx      context.Context // of the whole run
	request  *bus.Message    // whose body is the first message's
	first    message
	parallel int
	traced   bool          // what happens is recorded
	ahead    bool          // parts have their bodies checked by who makes them
	places   chan struct{} // of calls at one time; nil: there is one at a time anyway

	parts atomic.Int64   // that fan-outs have made
	tees  sync.WaitGroup // that are under way

	held atomic.Int64 // bytes, of the request's budget

	ending sync.Mutex // guards ends
	ends   []func()   // to be called at the end
}

// hold counts bytes that are in memory until the end of the run, or until a
// negative n gives them back.
func (r *run) hold(n int64) error {
	root := bus.RootOf(r.ctx)
	if root == nil || n == 0 {
		return nil
	}
	if err := root.Hold(n); err != nil {
		return err
	}
	r.held.Add(n)
	return nil
}

// atEnd has f called at the end of the run.
func (r *run) atEnd(f func()) {
	r.ending.Lock()
	defer r.ending.Unlock()
	r.ends = append(r.ends, f)
}

// end waits for all that was started, and gives back what was held.
func (r *run) end() {
	r.tees.Wait()
	r.ending.Lock()
	ends := r.ends
	r.ends = nil
	r.ending.Unlock()
	for _, f := range ends {
		f()
	}
	if held := r.held.Swap(0); held > 0 {
		_ = bus.RootOf(r.ctx).Hold(-held)
	}
}

// part counts messages that a fan-out makes, and refuses those that are too
// many.
func (r *run) part(n int) error {
	if n > r.fanOut {
		return tooMany()
	}
	return r.count(n)
}

// count counts messages that are made of others.
func (r *run) count(n int) error {
	const fanOuts = 10 // of the full size, in a run
	if r.parts.Add(int64(n)) > int64(fanOuts*r.fanOut) {
		return tooMany()
	}
	return nil
}

func tooMany() error {
	return &bus.Error{Status: http.StatusBadRequest, Type: bus.TypeBudget,
		Detail: "the pipeline splits this into too many messages: send less at a time, or raise limits.fanOut of the server"}
}

// enter takes a place for a call. leave must follow where it returns nil.
func (r *run) enter(ctx context.Context) error {
	if r.places == nil {
		return nil
	}
	select {
	case r.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *run) leave() {
	if r.places != nil {
		<-r.places
	}
}

// guard closes m where the work on it panics, and tells the log.
func (r *run) guard(m *message) {
	if caught := recover(); caught != nil {
		m.close()
		r.log.Error("panic", "error", caught, "stack", string(debug.Stack()))
	}
}

// pipeline runs p over the body of the run's request, and gives the reply.
func (r *run) pipeline(p *Pipeline) (*bus.Message, error) {
	r.first = message{body: r.request.Body, header: contentOf(nil, r.request.Header), status: r.request.Status}
	returned := false
	defer func() {
		if !returned { // a panic goes on
			r.first.close()
			r.end()
		}
	}()
	f, _ := p.root.run(r.ctx, r, "", &r.first)
	reply, err := r.reply(f)
	returned = true
	switch {
	case !p.fans:
		r.end()
	case err != nil || reply.Body.Stream() == nil:
		r.end()
	default: // what fans out may go on while it is read
		r.tees.Wait()
		reply.Body.OnClose(r.end)
	}
	return reply, err
}

// reply makes the reply of what a pipeline ended with.
func (r *run) reply(f flow) (*bus.Message, error) {
	last := f.one
	if f.many != nil {
		var err error
		if last, err = f.only(); err != nil {
			return nil, err
		}
	}
	switch {
	case last == nil:
		return bus.Reply(http.StatusNoContent, nil), nil
	case last.over != nil:
		if reply := last.over.reply; reply != nil {
			reply.Header = slices.DeleteFunc(reply.Header, isOfAnother)
		}
		return last.over.reply, last.over.err
	}
	reply := last.spare
	if reply == nil {
		reply = new(bus.Message)
	}
	*reply = bus.Message{Status: last.status, Body: last.body, Header: last.header}
	switch {
	case last.status == 0:
		reply.Status = http.StatusOK
	case !bus.BodyAllowed(last.status) && reply.Body != nil:
		reply.Status = http.StatusOK
	}
	return reply, nil
}

// isOfAnother reports whether a field of an error or a redirect is between the
// pipeline and the service that answered, such as a cookie.
func isOfAnother(f bus.Field) bool {
	const content = "Content-"
	if len(f.Name) > len(content) && strings.EqualFold(f.Name[:len(content)], content) {
		return false
	}
	return !slices.ContainsFunc([]string{"Location", "Retry-After", "Allow"}, func(name string) bool { return strings.EqualFold(name, f.Name) })
}

// only returns the message of a flow that has no other.
func (f flow) only() (*message, error) {
	var last *message
	for m := range f.many {
		if last != nil {
			last.close()
			m.close()
			return nil, &bus.Error{Status: http.StatusInternalServerError, Type: bus.TypePipeline,
				Detail: "the pipeline ends with several messages, and nothing joins them: write jsonObject, jsonArray, zip or multipart where they are to become one"}
		}
		last = m
	}
	return last, nil
}
