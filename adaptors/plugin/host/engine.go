package host

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"google.golang.org/grpc"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// An Engine is one that a plugin serves. Close gives it up.
type Engine struct{ plugin }

// Render is part of adaptors.Engine.
func (e *Engine) Render(ctx context.Context, to io.Writer, t adaptors.Template, data []byte) error {
	p, err := e.running(ctx)
	if err != nil {
		return err
	}
	w := e.watch(ctx, p)
	defer w.close()
	var stream grpc.BidiStreamingClient[wire.RenderRequest, wire.RenderReply]
	err = w.during(func() (err error) {
		if stream, err = p.engine.Render(w.ctx); err != nil {
			return err
		}
		return stream.Send(&wire.RenderRequest{Part: &wire.RenderRequest_Template{Template: &wire.Template{
			Name: t.Name, Version: t.Version, Source: t.Source, Data: data,
		}}})
	})
	if err != nil {
		return err
	}
	for {
		var next *wire.RenderReply
		err := w.during(func() (err error) {
			if next, err = stream.Recv(); err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		})
		if err != nil {
			return err
		}
		switch part := next.GetPart().(type) {
		case *wire.RenderReply_Text:
			if _, err := to.Write(part.Text); err != nil {
				return err
			}
		case *wire.RenderReply_Partial:
			if err := e.partial(ctx, w, stream, t, part.Partial); err != nil {
				return err
			}
		case *wire.RenderReply_End:
			return nil
		default:
			return w.during(func() error { return wire.Misplaced("a text, a partial or an end") })
		}
	}
}

// partial sends another template of the same store.
func (e *Engine) partial(ctx context.Context, w *watch, to grpc.BidiStreamingClient[wire.RenderRequest, wire.RenderReply], t adaptors.Template, name string) error {
	partial := &wire.Partial{Missing: true}
	if t.Partial != nil {
		source, err := t.Partial(ctx, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		partial = &wire.Partial{Missing: err != nil, Source: source}
	}
	return w.during(func() error {
		return to.Send(&wire.RenderRequest{Part: &wire.RenderRequest_Partial{Partial: partial}})
	})
}
