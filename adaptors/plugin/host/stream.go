package host

import (
	"errors"
	"io"

	"github.com/seed90475182/restspace/adaptors/plugin/wire"
	"github.com/seed90475182/restspace/bus"
)

// uploading is a call that takes messages of type M, some of which are the
// chunks of bodies, and is answered at its end.
type uploading[M any] struct {
	*watch
	to     func(M) error
	answer func() error // ends the messages and waits
}

func upload[M any](w *watch, to func(M) error, answer func() error) *uploading[M] {
	return &uploading[M]{w, to, answer}
}

// send sends one message. A program that has ended the call before says in its
// answer why.
func (u *uploading[M]) send(m M) error {
	return u.during(func() error {
		err := u.to(m)
		if err == io.EOF {
			if err = u.answer(); err == nil {
				err = errors.New("it answered before it had everything")
			}
		}
		return err
	})
}

// body sends the chunks of a body and its end. Who reads the body is not the
// program: an error of it is nobody else's. The end of one that was cancelled
// must not go out: the program would take it for whole.
func (u *uploading[M]) body(b *bus.Body, chunk func([]byte) M, end M) error {
	if err := wire.SendBody(b, func(data []byte) error { return u.send(chunk(data)) }); err != nil {
		return err
	}
	if err := u.caller.Err(); err != nil {
		return err
	}
	return u.send(end)
}

// finish waits for the answer.
func (u *uploading[M]) finish() error { return u.during(u.answer) }
