package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
	"github.com/seed90475182/restspace/bus"
)

// TestErrorsSayItOnce: an error comes out with its meaning and its words, and
// the meaning is in them once.
func TestErrorsSayItOnce(t *testing.T) {
	for _, row := range []struct {
		err  error
		is   error
		says string
	}{
		{wire.Status(syscall.ENOSPC), syscall.ENOSPC, "no space left on device"},
		{wire.Status(fmt.Errorf("write a: %w", syscall.ENOSPC)), syscall.ENOSPC, "write a: no space left on device"},
		{wire.Status(adaptors.ErrCondition), adaptors.ErrCondition, "the condition does not hold"},
		{wire.Status(fs.ErrNotExist), fs.ErrNotExist, "file does not exist"},
		{wire.Status(errors.ErrUnsupported), errors.ErrUnsupported, "the storage of the documents can't do this: unsupported operation"},
		{wire.Status(adaptors.Key{""}.Check()), adaptors.ErrKey, adaptors.Key{""}.Check().Error()},
		{status.Error(codes.ResourceExhausted, "the cellar is full"), syscall.ENOSPC, "no space left on device: the cellar is full"},
		{status.Error(codes.FailedPrecondition, ""), adaptors.ErrCondition, "the condition does not hold"},
		{status.Error(codes.NotFound, "no wine"), fs.ErrNotExist, "file does not exist: no wine"},
	} {
		err := wire.Error(context.Background(), row.err)
		assert.ErrorIs(t, err, row.is)
		assert.EqualError(t, err, row.says)
	}
	own, full := bus.Classify(wire.Error(context.Background(), wire.Status(syscall.ENOSPC))), bus.Classify(syscall.ENOSPC)
	assert.Equal(t, []any{full.Status, full.Type, full.Detail}, []any{own.Status, own.Type, own.Detail})
}
