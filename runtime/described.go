package runtime

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
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

// page returns the page of a description that write writes. It is written twice
// where it is large, for its ETag and as it is sent: what is held is little then.
func (d *described) page(name string, write func(*openapi.Description, io.Writer, openapi.View, ...jsontext.Options) error) page {
	return shown(func(_ context.Context, m *bus.Message, _ error) (*bus.Message, error) {
		asked := coding.Read(m)
		view := openapi.View{User: m.User, Roles: d.conf.Server.AdminRoles.Admits(m.User, nil)}
		to := func(w io.Writer) error { return write(d.description(), w, view) }
		first := attempt{hash: sha256.New()}
		if err := to(&first); err != nil {
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

// maxAttempt is the most bytes of a description that are held.
const maxAttempt = 256 << 10

// attempt is a description that is written to be known.
type attempt struct {
	hash hash.Hash
	size int64
	text []byte // the first of it
}

// Write is part of io.Writer.
func (a *attempt) Write(p []byte) (int, error) {
	if a.size += int64(len(p)); a.size <= maxAttempt {
		a.text = append(a.text, p...)
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
	info := adaptors.Info{ETag: base64.RawURLEncoding.EncodeToString(a.hash.Sum(nil)[:16])}
	reply := bus.Reply(http.StatusOK, nil)
	switch {
	case cached.Check(&info) != nil:
		reply.Status = http.StatusNotModified
	case a.size <= maxAttempt:
		reply.Body = bus.NewBody(a.text, "application/json")
	default:
		reply.Body = bus.NewStream(bus.Pull(again), a.size, "application/json")
	}
	reply.Header.Set("ETag", `"`+info.ETag+`"`)
	return reply, nil
}
