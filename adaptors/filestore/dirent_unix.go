//go:build unix && !linux

package filestore

import (
	"context"

	"golang.org/x/sys/unix"
)

// each calls f for each entry of the directory.
func (d dir) each(ctx context.Context, f func(name []byte, is kind) error) error {
	buffer := make([]byte, 64<<10)
	for {
		n, err := unix.ReadDirent(int(d), buffer)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || n == 0 {
			return err
		}
		_, _, names := unix.ParseDirent(buffer[:n], -1, nil)
		for _, name := range names {
			if err := f([]byte(name), unknown); err != nil {
				return err
			}
		}
	}
}
