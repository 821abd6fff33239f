package plugintest

import (
	"context"
	"os"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"

	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// calls spoils what is answered by one message.
func calls(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	reply, err := handle(ctx, request)
	if get, ok := request.(*wire.GetRequest); ok && err == nil && faultOf(get.GetKey().GetSegments()) == Less {
		r := reply.(*wire.GetReply)
		r.Data = r.Data[:1]
	}
	return reply, err
}

// codec makes a huge message of a reply that is to be one.
type codec struct{ encoding.CodecV2 }

// Marshal is part of encoding.CodecV2.
func (c codec) Marshal(m any) (mem.BufferSlice, error) {
	reply, ok := m.(*wire.GetReply)
	if !ok || faultOf([]string{reply.GetInfo().GetName()}) != Huge {
		return c.CodecV2.Marshal(m)
	}
	return slices.Repeat(mem.BufferSlice{mem.SliceBuffer(make([]byte, 1<<20))}, 1<<10), nil
}

// streams spoils streams.
func streams(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	return handle(server, &spoiled{ServerStream: stream})
}

// spoiled is a stream from the plugin.
type spoiled struct {
	grpc.ServerStream
	fault Fault
	sent  int
}

// RecvMsg is part of grpc.ServerStream.
func (s *spoiled) RecvMsg(m any) error {
	err := s.ServerStream.RecvMsg(m)
	if get, ok := m.(*wire.GetRequest); ok && err == nil {
		s.fault = faultOf(get.GetKey().GetSegments())
	}
	return err
}

// SendMsg is part of grpc.ServerStream. The first message is a head, and the
// last an end.
func (s *spoiled) SendMsg(m any) error {
	s.sent++
	switch middle := s.sent == 3; {
	case s.fault == Misplaced && s.sent == 1,
		s.fault == Cut && s.sent >= 3,
		s.fault == Short && middle:
		return nil
	case s.fault == Dies && middle:
		time.Sleep(50 * time.Millisecond) // what was sent is on its way
		os.Exit(7)
	case s.fault == Stalls && middle:
		<-s.Context().Done()
	case s.fault == Long && middle:
		if err := s.ServerStream.SendMsg(m); err != nil {
			return err
		}
	}
	return s.ServerStream.SendMsg(m)
}
