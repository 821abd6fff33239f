package runtime

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

func TestLastCall(t *testing.T) {
	var last lastCall
	for i, call := range []struct {
		err  error
		want string // "": all is well
	}{
		{nil, ""},
		{context.Canceled, ""},
		{adaptors.ErrKey, ""},
		{errors.New("gone"), "gone"},
		{context.DeadlineExceeded, "context deadline exceeded"},
		{context.Canceled, "context deadline exceeded"},
		{adaptors.ErrKey, "context deadline exceeded"},
		{&bus.Error{Status: 413}, "context deadline exceeded"},
		{&bus.Error{Status: 502, Err: adaptors.ErrRecipient}, "context deadline exceeded"},
		{fs.ErrNotExist, ""},
		{&bus.Error{Status: 503}, "Service Unavailable"},
		{adaptors.ErrCondition, ""},
		{errors.New("gone"), "gone"},
		{nil, ""},
	} {
		last.note(call.err)
		got := ""
		if err := last.err(); err != nil {
			got = err.Error()
		}
		assert.Equal(t, call.want, got, fmt.Sprintf("call %d: %v", i, call.err))
	}
}
