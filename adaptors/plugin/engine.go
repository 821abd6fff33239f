package plugin

import (
	"bufio"
	"context"
	"io/fs"
	"sync"

	"google.golang.org/grpc"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// engineServer is an adaptors.Engine on the wire.
type engineServer struct {
	wire.UnimplementedEngineServer
	server *server
}

// rendering is the stream of one Render.
type rendering struct {
	grpc.BidiStreamingServer[wire.RenderRequest, wire.RenderReply]
	asking sync.Mutex // one partial at a time
	sends  sync.Mutex // and one message
}

// Render is part of wire.EngineServer.
func (s *engineServer) Render(stream grpc.BidiStreamingServer[wire.RenderRequest, wire.RenderReply]) error {
	engine, err := adaptor[adaptors.Engine](s.server, adaptors.EngineInterface)
	if err != nil {
		return err
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	t := first.GetTemplate()
	if t == nil {
		return wire.Misplaced("a template")
	}
	r := &rendering{BidiStreamingServer: stream}
	to := bufio.NewWriterSize(r, wire.Inline)
	err = engine.Render(stream.Context(), to, adaptors.Template{
		Name: t.GetName(), Version: t.GetVersion(), Source: t.GetSource(), Partial: r.partial,
	}, t.GetData())
	if err == nil {
		err = to.Flush()
	}
	if err != nil {
		return wire.Status(err)
	}
	return stream.Send(&wire.RenderReply{Part: &wire.RenderReply_End{End: &wire.End{}}})
}

// Write sends some of the text.
func (r *rendering) Write(p []byte) (int, error) {
	r.sends.Lock()
	defer r.sends.Unlock()
	return len(p), r.Send(&wire.RenderReply{Part: &wire.RenderReply_Text{Text: p}})
}

// partial asks for another template of the same store.
func (r *rendering) partial(_ context.Context, name string) ([]byte, error) {
	r.asking.Lock()
	defer r.asking.Unlock()
	r.sends.Lock()
	err := r.Send(&wire.RenderReply{Part: &wire.RenderReply_Partial{Partial: name}})
	r.sends.Unlock()
	if err != nil {
		return nil, err
	}
	reply, err := r.Recv()
	switch partial := reply.GetPartial(); {
	case err != nil:
		return nil, err
	case partial == nil:
		return nil, wire.Misplaced("a partial")
	case partial.GetMissing():
		return nil, fs.ErrNotExist
	default:
		return partial.GetSource(), nil
	}
}
