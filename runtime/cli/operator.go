package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/config"
)

// operator is who the audit says did it.
const operator = "restspace user"

// doorOf returns where a server that serves a configuration takes the calls of
// restspace user: a socket of the file system beside the file of its keys. Who
// may connect is who may read that file, and so could sign any token.
func doorOf(conf *config.Config) string { return conf.Auth.KeyFile + ".sock" }

// openDoor has a server take the calls of restspace user until close is called.
func openDoor(server *runtime.Runtime) (close func(), err error) {
	path := doorOf(server.Config())
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%s belongs to another server that runs", path)
	}
	listener, err := listenPrivately(path)
	if err != nil {
		return nil, err
	}
	s := &http.Server{Handler: bus.Handler(ofOperator(server)), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(listener) }()
	return func() {
		_ = os.Remove(path)
		_ = s.Close()
	}, nil
}

// listenPrivately listens on a socket that nobody else could connect to at any
// time: it comes to its place when it has its mode.
func listenPrivately(path string) (_ net.Listener, err error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".s") // 0700
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	young := filepath.Join(dir, "s")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: young, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false) // of the first name
	err = os.Chmod(young, 0o600)
	if err == nil {
		err = os.Rename(young, path)
	}
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// ofOperator answers calls to the records of users, for who may do all with
// them.
func ofOperator(server *runtime.Runtime) bus.Service {
	return bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		mount, err := userMount(server.Config())
		if err == nil && (len(m.URL.Path) < len(mount.Base) || !slices.Equal(m.URL.Path[:len(mount.Base)], mount.Base)) {
			err = bus.Errorf(http.StatusNotFound, "the records of users are elsewhere: read the configuration again")
		}
		if err != nil {
			return nil, errors.Join(err, m.Close())
		}
		m.User, m.Depth = &bus.User{Email: operator}, 1
		return server.Inside().Serve(ctx, m)
	})
}

// running returns what calls the server that serves a configuration; nil: none
// does.
func running(conf *config.Config) bus.Service {
	path := doorOf(conf)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
	conn, err := dial(context.Background(), "", "")
	if err != nil {
		return nil
	}
	_ = conn.Close()
	call := bus.FromTransport(&http.Transport{DialContext: dial, DisableKeepAlives: true, DisableCompression: true})
	return bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		m.URL.Scheme, m.URL.Host = "http", "restspace"
		reply, err := call.Serve(ctx, m)
		if err != nil || reply.Status < http.StatusBadRequest {
			return reply, err
		}
		text, err := reply.Body.Bytes(1 << 20)
		if err = errors.Join(err, reply.Close()); err != nil {
			return nil, err
		}
		return nil, bus.Errorf(reply.Status, "%s", gjson.GetBytes(text, "detail").String())
	})
}
