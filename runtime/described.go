package runtime

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"net/http"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/coding"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/openapi"
)

// described answers everybody with what is mounted for them.
type described struct {
	conf        *config.Config
	coder       *coding.Coder
	description func() *openapi.Description // made when it is first asked for
}

func newDescribed(conf *config.Config, coder *coding.Coder) *described {
	return &described{conf, coder, sync.OnceValue(func() *openapi.Description { return openapi.New(conf) })}
}

func (d *described) pages() []page {
	return []page{
		d.page("openapi.json", (*openapi.Description).OpenAPI),
		d.page("services", (*openapi.Description).Services),
	}
}

// page returns the page of a description that write writes. Where it is large it is
// written for its ETag first, and again as it is sent: little is held then.
func (d *described) page(name string, write func(*openapi.Description, io.Writer, openapi.View, ...jsontext.Options) error) page {
	known := &attempts{by: make(map[string]*attempt)}
	return shown(func(_ context.Context, m *bus.Message, _ error) (*bus.Message, error) {
		asked := coding.Read(m)
		view := openapi.View{User: m.User, Roles: d.conf.Server.AdminRoles.Admits(m.User, nil)}
		to := func(w io.Writer) error { return write(d.description(), w, view) }
		first, err := known.get(m.User, to)
		if err != nil {
			return nil, err
		}
		reply, err := first.reply(m.Header, to)
		if err != nil {
			return nil, err
		}
		reply.Header.Set("Cache-Control", "private, no-cache")
		reply.Header.Set("Vary", "Authorization, Cookie")
		return reply, d.coder.Pack(reply, asked)
	}, ".well-known", "restspace", name)
}

const (
	maxAttempts = 16        // users for whom a description is known at one time
	maxAttempt  = 256 << 10 // bytes of one that is held
)

// attempts are what a description was for those who asked for it last.
type attempts struct {
	mu sync.Mutex
	by map[string]*attempt // by what rules ask of a user
}

// get returns the attempt for a user, nil being nobody.
func (a *attempts) get(u *bus.User, write func(io.Writer) error) (*attempt, error) {
	var key string
	if u != nil {
		key = fmt.Sprintf("%q %q %q", u.Email, u.Roles, u.Fields)
	}
	a.mu.Lock()
	known := a.by[key]
	a.mu.Unlock()
	if known != nil {
		return known, nil
	}
	made := &attempt{hash: sha256.New()}
	if err := write(made); err != nil {
		return nil, err
	}
	made.etag = base64.RawURLEncoding.EncodeToString(made.hash.Sum(nil)[:16])
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.by) >= maxAttempts {
		clear(a.by)
	}
	a.by[key] = made
	return made, nil
}

// attempt is a description that is written to be known.
type attempt struct {
	hash hash.Hash
	size int64
	text []byte // all of it, if it is not larger than that
	etag string
}

// Write is part of io.Writer.
func (a *attempt) Write(p []byte) (int, error) {
	if a.size += int64(len(p)); a.size <= maxAttempt {
		a.text = append(a.text, p...)
	} else {
		a.text = nil
	}
	return a.hash.Write(p)
}

// reply answers a request with a header. again writes what a was.
func (a *attempt) reply(h bus.Header, again func(io.Writer) error) (*bus.Message, error) {
	var c adaptors.Condition
	for _, field := range h {
		if err := c.Add(field.Name, field.Value); err != nil {
			return nil, err
		}
	}
	cached := adaptors.Condition{Absent: c.Absent, NoneMatch: c.NoneMatch}
	info := adaptors.Info{ETag: a.etag}
	reply := bus.Reply(http.StatusOK, nil)
	switch {
	case cached.Check(&info) != nil:
		reply.Status = http.StatusNotModified
	case a.size <= maxAttempt:
		reply.Body = bus.NewBody(a.text, "application/json")
	default:
		reply.Body = bus.NewStream(bus.Pull(again), a.size, "application/json")
	}
	reply.Header.Set("ETag", `"`+a.etag+`"`)
	return reply, nil
}
