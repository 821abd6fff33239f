package host

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// cancelling ends a body, and cancels the call of which it is.
type cancelling struct{ cancel context.CancelFunc }

func (c cancelling) Read([]byte) (int, error) {
	c.cancel()
	return 0, io.EOF
}

func TestCancelledUploadHasNoEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	v := &supervisor{settings: &settings{Plugin: adaptors.Plugin{Timeout: time.Minute}}}
	w := v.watch(ctx, nil)
	defer w.close()
	var sent []string
	up := upload(w, func(m string) error { sent = append(sent, m); return nil }, nil)
	err := up.body(bus.NewStream(io.NopCloser(cancelling{cancel}), -1, ""), func(b []byte) string { return string(b) }, "end")
	assert.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, sent)
}
