package plugin

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
	"github.com/seed90475182/restspace/bus"
)

// storeServer is an adaptors.Store on the wire.
type storeServer struct {
	wire.UnimplementedStoreServer
	server *server
}

func (s *storeServer) store() (adaptors.Store, error) {
	return adaptor[adaptors.Store](s.server, adaptors.StoreInterface)
}

// get gets what both Get and Read are asked for. The caller closes the body.
func (s *storeServer) get(ctx context.Context, r *wire.GetRequest) (body *bus.Body, info adaptors.Info, unsatisfiable bool, err error) {
	store, err := s.store()
	if err != nil {
		return nil, info, false, err
	}
	body, info, err = store.Get(ctx, r.GetKey().Key(), r.Options())
	if errors.Is(err, adaptors.ErrRange) {
		return nil, info, true, nil
	}
	return body, info, false, wire.Status(err)
}

// Get is part of wire.StoreServer.
func (s *storeServer) Get(ctx context.Context, r *wire.GetRequest) (*wire.GetReply, error) {
	body, info, unsatisfiable, err := s.get(ctx, r)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	reply := &wire.GetReply{Info: wire.InfoOf(info), Unsatisfiable: unsatisfiable}
	switch size := body.Size(); {
	case size < 0 || size > min(r.GetInline(), wire.Inline):
		reply.Large = true
	default:
		reply.Data, err = body.Bytes(size)
	}
	return reply, wire.Status(err)
}

// Read is part of wire.StoreServer.
func (s *storeServer) Read(r *wire.GetRequest, to grpc.ServerStreamingServer[wire.ReadReply]) error {
	body, info, unsatisfiable, err := s.get(to.Context(), r)
	if err != nil {
		return err
	}
	defer body.Close()
	err = to.Send(&wire.ReadReply{Part: &wire.ReadReply_Head{Head: &wire.ReadHead{
		Info: wire.InfoOf(info), Length: body.Size(), Unsatisfiable: unsatisfiable,
	}}})
	if err != nil {
		return err
	}
	err = wire.SendBody(body, func(chunk []byte) error {
		return to.Send(&wire.ReadReply{Part: &wire.ReadReply_Chunk{Chunk: chunk}})
	})
	if err != nil {
		return wire.Status(err)
	}
	return to.Send(&wire.ReadReply{Part: &wire.ReadReply_End{End: &wire.End{}}})
}

// Put is part of wire.StoreServer.
func (s *storeServer) Put(ctx context.Context, r *wire.PutRequest) (*wire.PutReply, error) {
	return s.put(ctx, r.GetKey(), r.GetCondition(), bus.NewBody(r.GetData(), ""))
}

// Write is part of wire.StoreServer.
func (s *storeServer) Write(from grpc.ClientStreamingServer[wire.WriteRequest, wire.PutReply]) error {
	first, err := from.Recv()
	if err != nil {
		return err
	}
	head := first.GetHead()
	if head == nil {
		return wire.Misplaced("a head")
	}
	body := bus.NewStream(wire.NewReader(head.GetSize(), func() ([]byte, bool, error) {
		next, err := from.Recv()
		return next.GetChunk(), next.GetEnd() != nil, err
	}, nil), head.GetSize(), "")
	reply, err := s.put(from.Context(), head.GetKey(), head.GetCondition(), body)
	if err != nil {
		return err
	}
	return from.SendAndClose(reply)
}

func (s *storeServer) put(ctx context.Context, key *wire.Key, c *wire.Condition, body *bus.Body) (*wire.PutReply, error) {
	store, err := s.store()
	if err != nil {
		return nil, err
	}
	info, err := store.Put(ctx, key.Key(), body, c.Condition())
	if err != nil {
		return nil, wire.Status(err)
	}
	return &wire.PutReply{Info: wire.InfoOf(info), Created: info.Created}, nil
}

// Delete is part of wire.StoreServer.
func (s *storeServer) Delete(ctx context.Context, r *wire.DeleteRequest) (*wire.DeleteReply, error) {
	store, err := s.store()
	if err != nil {
		return nil, err
	}
	return &wire.DeleteReply{}, wire.Status(store.Delete(ctx, r.GetKey().Key(), r.GetCondition().Condition()))
}

// page is how many entries of a listing go in one message.
const page = 256

// List is part of wire.StoreServer.
func (s *storeServer) List(r *wire.ListRequest, to grpc.ServerStreamingServer[wire.ListReply]) error {
	store, err := s.store()
	if err != nil {
		return err
	}
	var entries []*wire.Info
	options := adaptors.ListOptions{After: r.GetAfter(), Page: int(r.GetPage())}
	for info, err := range store.List(to.Context(), r.GetPrefix().Key(), options) {
		if err != nil {
			return wire.Status(err)
		}
		if entries = append(entries, wire.InfoOf(info)); len(entries) == page {
			if err := to.Send(&wire.ListReply{Entries: entries}); err != nil {
				return err
			}
			entries = nil
		}
	}
	return to.Send(&wire.ListReply{Entries: entries})
}
