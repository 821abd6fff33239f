package plugin

import (
	"io"

	"google.golang.org/grpc"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
	"github.com/seed90475182/restspace/bus"
)

// mailerServer is an adaptors.Mailer on the wire.
type mailerServer struct {
	wire.UnimplementedMailerServer
	server *server
}

// Send is part of wire.MailerServer. The bodies come one after the other, and a
// Mailer may read them in any order: they are held in memory.
func (s *mailerServer) Send(from grpc.ClientStreamingServer[wire.SendRequest, wire.SendReply]) error {
	mailer, err := adaptor[adaptors.Mailer](s.server, adaptors.MailerInterface)
	if err != nil {
		return err
	}
	first, err := from.Recv()
	if err != nil {
		return err
	}
	head := first.GetHead()
	if head == nil {
		return wire.Misplaced("a head")
	}
	mail := adaptors.Mail{
		ID: head.GetId(), From: head.GetFrom(), Subject: head.GetSubject(),
		ReplyTo: head.GetReplyTo(), To: head.GetTo(), Cc: head.GetCc(), Bcc: head.GetBcc(),
	}
	if mail.Body, err = receive(from, head.GetBody()); err != nil {
		return err
	}
	if html := head.GetHtml(); html != nil {
		if mail.HTML, err = receive(from, html); err != nil {
			return err
		}
	}
	for _, part := range head.GetAttachments() {
		body, err := receive(from, part)
		if err != nil {
			return err
		}
		mail.Attachments = append(mail.Attachments, adaptors.Attachment{Name: part.GetName(), Body: body})
	}
	if err := mailer.Send(from.Context(), mail); err != nil {
		return wire.Status(err)
	}
	return from.SendAndClose(&wire.SendReply{})
}

// receive reads the chunks of one body up to its end.
func receive(from grpc.ClientStreamingServer[wire.SendRequest, wire.SendReply], part *wire.Part) (*bus.Body, error) {
	data, err := io.ReadAll(wire.NewReader(part.GetSize(), func() ([]byte, bool, error) {
		next, err := from.Recv()
		return next.GetChunk(), next.GetEnd() != nil, err
	}, nil))
	if err != nil {
		return nil, wire.Status(err)
	}
	return bus.NewBody(data, part.GetMediaType()), nil
}
