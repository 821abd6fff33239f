package host

import (
	"context"
	"fmt"
	"io"
	"iter"

	"google.golang.org/grpc"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
	"github.com/seed90475182/restspace/bus"
)

// A Store is one that a plugin serves. Close gives it up.
type Store struct{ plugin }

// Get is part of adaptors.Store. What is small comes in one message. The first
// answer tells where it is not, and a stream is asked for.
func (s *Store) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	request := &wire.GetRequest{Key: wire.KeyOf(key), Meta: o.Meta, Range: wire.RangeOf(o.Range), Inline: wire.Inline}
	reply, err := call(ctx, s.supervisor, func(ctx context.Context, p *process) (*wire.GetReply, error) {
		reply, err := p.store.Get(ctx, request)
		if err == nil {
			err = checkReply(reply, &o)
		}
		return reply, err
	})
	switch {
	case err != nil:
		return nil, adaptors.Info{}, err
	case reply.GetUnsatisfiable():
		return nil, reply.GetInfo().Info(), adaptors.ErrRange
	case o.Meta:
		return nil, reply.GetInfo().Info(), nil
	case reply.GetLarge():
		return s.read(ctx, request)
	}
	return bus.NewBody(reply.GetData(), ""), reply.GetInfo().Info(), nil
}

// checkReply says what is wrong with an answer to a Get.
func checkReply(r *wire.GetReply, o *adaptors.GetOptions) error {
	info := r.GetInfo()
	if err := checkInfo(info); err != nil || r.GetUnsatisfiable() || r.GetLarge() || o.Meta || info.GetSize() < 0 {
		return err
	}
	size := info.GetSize()
	if o.Range != nil {
		_, size, _ = o.Range.Resolve(size)
	}
	switch got := int64(len(r.GetData())); {
	case got < size:
		return wire.ErrShort
	case got > size:
		return wire.ErrLong
	}
	return nil
}

// checkInfo says what is wrong with the facts of a document: they go on into
// headers and listings.
func checkInfo(i *wire.Info) error {
	if err := checkETag(i); err != nil {
		return err
	}
	return adaptors.Key{i.GetName()}.Check()
}

func checkETag(i *wire.Info) error {
	for _, c := range []byte(i.GetEtag()) {
		if c <= ' ' || c == '"' || c == 0x7f {
			return fmt.Errorf("the ETag %q can't be one: leave out quotes, spaces and controls (RFC 9110 section 8.8.3)", i.GetEtag())
		}
	}
	return nil
}

// read gets a body as a stream.
func (s *Store) read(ctx context.Context, request *wire.GetRequest) (body *bus.Body, info adaptors.Info, err error) {
	p, err := s.running(ctx)
	if err != nil {
		return nil, info, err
	}
	w := s.watch(ctx, p)
	defer func() {
		if body == nil {
			w.close()
		}
	}()
	var stream grpc.ServerStreamingClient[wire.ReadReply]
	var head *wire.ReadHead
	err = w.during(func() (err error) {
		if stream, err = p.store.Read(w.ctx, request); err != nil {
			return err
		}
		first, err := stream.Recv()
		if head = first.GetHead(); err == nil && head == nil {
			err = wire.Misplaced("a head")
		}
		if err == nil {
			err = checkInfo(head.GetInfo())
		}
		return err
	})
	switch info = head.GetInfo().Info(); {
	case err != nil:
		return nil, info, err
	case head.GetUnsatisfiable():
		return nil, info, adaptors.ErrRange
	}
	chunks := wire.NewReader(head.GetLength(), func() (chunk []byte, end bool, err error) {
		var next *wire.ReadReply
		err = w.during(func() (err error) {
			if next, err = stream.Recv(); err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		})
		return next.GetChunk(), next.GetEnd() != nil, err
	}, w.close)
	return bus.NewStream(chunks, head.GetLength(), ""), info, nil
}

// Put is part of adaptors.Store. A small body goes in one message.
func (s *Store) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	defer b.Close()
	if size := b.Size(); size < 0 || size > wire.Inline {
		return s.write(ctx, key, b, c)
	}
	data, err := b.Bytes(b.Size())
	if err != nil {
		return adaptors.Info{}, err
	}
	reply, err := call(ctx, s.supervisor, func(ctx context.Context, p *process) (*wire.PutReply, error) {
		reply, err := p.store.Put(ctx, &wire.PutRequest{Key: wire.KeyOf(key), Condition: wire.ConditionOf(&c), Data: data})
		if err == nil {
			err = checkETag(reply.GetInfo())
		}
		return reply, err
	})
	return stored(reply), err
}

// write puts a body as a stream.
func (s *Store) write(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	p, err := s.running(ctx)
	if err != nil {
		return adaptors.Info{}, err
	}
	w := s.watch(ctx, p)
	defer w.close()
	var stream grpc.ClientStreamingClient[wire.WriteRequest, wire.PutReply]
	err = w.during(func() (err error) {
		stream, err = p.store.Write(w.ctx)
		return err
	})
	if err != nil {
		return adaptors.Info{}, err
	}
	var reply *wire.PutReply
	up := upload(w, stream.Send, func() (err error) {
		if reply, err = stream.CloseAndRecv(); err == nil {
			err = checkETag(reply.GetInfo())
		}
		return err
	})
	err = up.send(&wire.WriteRequest{Part: &wire.WriteRequest_Head{Head: &wire.WriteHead{
		Key: wire.KeyOf(key), Condition: wire.ConditionOf(&c), Size: b.Size(),
	}}})
	if err == nil {
		err = up.body(b, writeChunk, &wire.WriteRequest{Part: &wire.WriteRequest_End{End: &wire.End{}}})
	}
	if err == nil {
		err = up.finish()
	}
	if err != nil {
		return adaptors.Info{}, err
	}
	return stored(reply), nil
}

func writeChunk(chunk []byte) *wire.WriteRequest {
	return &wire.WriteRequest{Part: &wire.WriteRequest_Chunk{Chunk: chunk}}
}

func stored(reply *wire.PutReply) adaptors.Info {
	info := reply.GetInfo().Info()
	info.Created = reply.GetCreated()
	return info
}

// Delete is part of adaptors.Store.
func (s *Store) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	_, err := call(ctx, s.supervisor, func(ctx context.Context, p *process) (*wire.DeleteReply, error) {
		return p.store.Delete(ctx, &wire.DeleteRequest{Key: wire.KeyOf(key), Condition: wire.ConditionOf(&c)})
	})
	return err
}

// List is part of adaptors.Store.
func (s *Store) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	return func(yield func(adaptors.Info, error) bool) {
		p, err := s.running(ctx)
		if err != nil {
			yield(adaptors.Info{}, err)
			return
		}
		w := s.watch(ctx, p)
		defer w.close()
		var stream grpc.ServerStreamingClient[wire.ListReply]
		err = w.during(func() (err error) {
			stream, err = p.store.List(w.ctx, &wire.ListRequest{Prefix: wire.KeyOf(prefix), After: o.After, Page: int32(min(o.Page, 1<<20))})
			return err
		})
		for err == nil {
			var entries []*wire.Info
			over := false
			err = w.during(func() (err error) {
				entries, over, err = nextEntries(stream)
				return err
			})
			for _, info := range entries {
				if !yield(info.Info(), nil) {
					return
				}
			}
			if over {
				return
			}
		}
		yield(adaptors.Info{}, err)
	}
}

// nextEntries returns some of the entries of a listing, or that it is over.
func nextEntries(from grpc.ServerStreamingClient[wire.ListReply]) (entries []*wire.Info, over bool, err error) {
	reply, err := from.Recv()
	if err == io.EOF {
		return nil, true, nil
	}
	for _, info := range reply.GetEntries() {
		if err := checkInfo(info); err != nil {
			return nil, false, err
		}
	}
	return reply.GetEntries(), false, err
}
