package host

import (
	"context"

	"google.golang.org/grpc"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
	"github.com/seed90475182/restspace/bus"
)

// A Mailer is one that a plugin serves. Close gives it up.
type Mailer struct{ plugin }

// Send is part of adaptors.Mailer.
func (m *Mailer) Send(ctx context.Context, mail adaptors.Mail) error {
	defer func() { _ = mail.Close() }()
	bodies := []*bus.Body{mail.Body}
	head := &wire.Mail{
		Id: mail.ID, From: mail.From, ReplyTo: mail.ReplyTo, To: mail.To, Cc: mail.Cc, Bcc: mail.Bcc,
		Subject: mail.Subject, Body: partOf("", mail.Body),
	}
	if mail.HTML != nil {
		head.Html = partOf("", mail.HTML)
		bodies = append(bodies, mail.HTML)
	}
	for _, a := range mail.Attachments {
		head.Attachments = append(head.Attachments, partOf(a.Name, a.Body))
		bodies = append(bodies, a.Body)
	}
	p, err := m.running(ctx)
	if err != nil {
		return err
	}
	w := m.watch(ctx, p)
	defer w.close()
	var stream grpc.ClientStreamingClient[wire.SendRequest, wire.SendReply]
	err = w.during(func() (err error) {
		stream, err = p.mailer.Send(w.ctx)
		return err
	})
	if err != nil {
		return err
	}
	up := upload(w, stream.Send, func() error { _, err := stream.CloseAndRecv(); return err })
	if err := up.send(&wire.SendRequest{Part: &wire.SendRequest_Head{Head: head}}); err != nil {
		return err
	}
	for _, b := range bodies {
		if err := up.body(b, sendChunk, &wire.SendRequest{Part: &wire.SendRequest_End{End: &wire.End{}}}); err != nil {
			return err
		}
	}
	return up.finish()
}

func sendChunk(chunk []byte) *wire.SendRequest {
	return &wire.SendRequest{Part: &wire.SendRequest_Chunk{Chunk: chunk}}
}

func partOf(name string, b *bus.Body) *wire.Part {
	return &wire.Part{Name: name, MediaType: b.MediaType(), Size: b.Size()}
}
