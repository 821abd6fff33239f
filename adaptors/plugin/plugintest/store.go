package plugintest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// LateBy is when a late answer comes.
const LateBy = 3 * time.Second

const badETag = "e\"\r\nSet-Cookie: a=b"

// large is the size of the documents whose names are faults of streams.
const large = 4 << 20

// store does what the names of documents ask for. A document with the name of a
// fault is always there.
type store struct {
	adaptors.Store
	fault Fault // of the program
}

// faultOf returns the fault that a key names.
func faultOf(key []string) Fault {
	if len(key) == 0 {
		return None
	}
	name, _, _ := strings.Cut(key[len(key)-1], ".")
	return Fault(name)
}

// Get is part of adaptors.Store.
func (s *store) Get(ctx context.Context, key adaptors.Key, o adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	fault := faultOf(key)
	text := "{}"
	switch fault {
	case PID:
		text = strconv.Itoa(os.Getpid())
	case Dies, Stalls, Cut, Short, Long, Misplaced:
		text = strings.Repeat("x", large)
	case Crash, Hang, Stop, Late, Less, Huge, BadETag:
		if err := wrong(ctx, fault); err != nil {
			return nil, adaptors.Info{}, err
		}
	default:
		return s.Store.Get(ctx, key, o)
	}
	info := adaptors.Info{Name: key[len(key)-1], Size: int64(len(text)), ETag: "e"}
	if fault == BadETag {
		info.ETag = badETag
	}
	if o.Meta {
		return nil, info, nil
	}
	return bus.NewBody([]byte(text), ""), info, nil
}

// wrong does what goes wrong within a call.
func wrong(ctx context.Context, fault Fault) error {
	switch fault {
	case Crash:
		fmt.Fprintln(os.Stderr, "about to crash")
		os.Exit(7)
	case Hang:
		<-ctx.Done()
		return ctx.Err()
	case Stop:
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		<-ctx.Done() // it may take a moment to reach all threads
	case Late:
		time.Sleep(LateBy)
	}
	return nil
}

// Put is part of adaptors.Store.
func (s *store) Put(ctx context.Context, key adaptors.Key, b *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	switch fault := faultOf(key); fault {
	case Crash, Hang, Stop, Late:
		_, _ = io.CopyN(io.Discard, b.Reader(), b.Size()/2)
		if err := wrong(ctx, fault); err != nil {
			return adaptors.Info{}, err
		}
	case BadETag:
		_, err := s.Store.Put(ctx, key, b, c)
		return adaptors.Info{Name: key[len(key)-1], ETag: badETag}, err
	case Hasty:
		return adaptors.Info{Name: key[len(key)-1], ETag: "e"}, nil
	}
	return s.Store.Put(ctx, key, b, c)
}

// Delete is part of adaptors.Store.
func (s *store) Delete(ctx context.Context, key adaptors.Key, c adaptors.Condition) error {
	if err := wrong(ctx, faultOf(key)); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key, c)
}

// List is part of adaptors.Store.
func (s *store) List(ctx context.Context, prefix adaptors.Key, o adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	fault := faultOf(prefix)
	switch fault {
	case Crash, Hang, Stop, Late, BadName:
	default:
		return s.Store.List(ctx, prefix, o)
	}
	return func(yield func(adaptors.Info, error) bool) {
		for i := range 1000 {
			info := adaptors.Info{Name: fmt.Sprintf("entry-%03d", i)}
			if i == 500 {
				if err := wrong(ctx, fault); err != nil {
					yield(info, err)
					return
				}
			}
			if i == 500 && fault == BadName {
				info.Name = ""
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

// Health says that the store does not work, where it is Sick.
func (s *store) Health() error {
	if s.fault == Sick {
		return errors.New("the disk is failing")
	}
	return nil
}
