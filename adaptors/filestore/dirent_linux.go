package filestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets in a linux_dirent64 (getdents64(2)).
const (
	direntLength = unsafe.Offsetof(unix.Dirent{}.Reclen)
	direntType   = unsafe.Offsetof(unix.Dirent{}.Type)
	direntName   = unsafe.Offsetof(unix.Dirent{}.Name)
)

// each calls f for each entry of the directory, whose name is f's only while
// it runs. os.ReadDir would ask the file system about each of them.
func (d dir) each(ctx context.Context, f func(name []byte, is kind) error) error {
	buffer := make([]byte, 64<<10)
	for {
		var n int
		err := retry("list", ".", func() (err error) {
			n, err = unix.ReadDirent(int(d), buffer)
			return err
		})
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || n == 0 {
			return err
		}
		for entries := buffer[:n]; len(entries) > 0; {
			entry := entries[:binary.NativeEndian.Uint16(entries[direntLength:])]
			entries = entries[len(entry):]
			name := entry[direntName:]
			name = name[:bytes.IndexByte(name, 0)]
			if string(name) == "." || string(name) == ".." {
				continue
			}
			if err := f(name, kindOf(entry[direntType])); err != nil {
				return err
			}
		}
	}
}

func kindOf(direntType byte) kind {
	switch direntType {
	case unix.DT_REG:
		return document
	case unix.DT_DIR:
		return directory
	case unix.DT_UNKNOWN:
		return unknown
	}
	return other
}
