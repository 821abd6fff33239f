package plugin_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/adaptors/plugin"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
	"github.com/seed90475182/restspace/bus"
)

// Cellar is the config of the examples.
type Cellar struct {
	Address string `json:"address" required:"true" doc:"where the cellar is, as host:port"`
	Shelf   int    `json:"shelf" doc:"which of its shelves is used"`
}

// Check is called when a config is decoded.
func (c *Cellar) Check() error {
	if !strings.Contains(c.Address, ":") {
		return plugin.Fault("/address", errors.New("there is no port: write it as in 127.0.0.1:6379"))
	}
	return nil
}

// openCellar would connect to the address.
func openCellar(_ context.Context, c Cellar, env adaptors.Env) (adaptors.Store, error) {
	env.Log.Info("the cellar is open", "address", c.Address)
	return memstore.New(), nil
}

// The whole main of a plugin. It has nothing to say when it is started by hand.
func ExampleServe() {
	plugin.Serve(plugin.Store(openCellar))
}

// What is served is a Kind as the built-in adaptors have one, so that a test needs
// no program.
func ExampleStore() {
	ctx := context.Background()
	kind := plugin.Store(openCellar)
	made, err := kind.New(ctx, &Cellar{Address: "127.0.0.1:6379"}, adaptors.Env{Log: discard()})
	if err != nil {
		log.Fatal(err)
	}
	info, err := made.(adaptors.Store).Put(ctx, adaptors.Key{"wines", "red"}, bus.NewBody([]byte("12"), ""), adaptors.Condition{})
	fmt.Println(kind.Of, info.Name, info.Size, info.Created, err)
	// Output: Store red 2 true <nil>
}

// lines is an engine whose templates have data in the place of "$".
type lines struct{}

func (lines) Render(_ context.Context, w io.Writer, t adaptors.Template, data []byte) error {
	_, err := w.Write(bytes.ReplaceAll(t.Source, []byte("$"), data))
	return err
}

// An adaptor without a config takes a struct{}.
func ExampleEngine() {
	kind := plugin.Engine(func(context.Context, struct{}, adaptors.Env) (adaptors.Engine, error) { return lines{}, nil })
	made, err := kind.New(context.Background(), kind.Config(), adaptors.Env{})
	if err != nil {
		log.Fatal(err)
	}
	err = made.(adaptors.Engine).Render(context.Background(), os.Stdout, adaptors.Template{Source: []byte("hello $\n")}, []byte(`"Ann"`))
	fmt.Println(kind.Of, err)
	// Output:
	// hello "Ann"
	// Engine <nil>
}

// printer is a mailer that prints.
type printer struct{ from string }

func (p printer) Send(_ context.Context, m adaptors.Mail) error {
	text, err := m.Body.Bytes(1 << 20)
	fmt.Printf("from %s to %s: %s\n", cmp.Or(m.From, p.from), m.To, text)
	return err
}

// A Kind has its defaults in what its Config returns.
func ExampleMailer() {
	type Printer struct {
		From string `json:"from" doc:"who sends what has no sender"`
	}
	kind := plugin.Mailer(func(_ context.Context, c Printer, _ adaptors.Env) (adaptors.Mailer, error) {
		return printer{c.From}, nil
	})
	kind.Config = func() any { return &Printer{From: "post@example.com"} }
	made, err := kind.New(context.Background(), kind.Config(), adaptors.Env{})
	if err != nil {
		log.Fatal(err)
	}
	err = made.(adaptors.Mailer).Send(context.Background(), adaptors.Mail{To: []string{"ann@example.com"}, Body: bus.NewBody([]byte("hello"), "text/plain")})
	fmt.Println(kind.Of, err)
	// Output:
	// from post@example.com to [ann@example.com]: hello
	// Mailer <nil>
}

// The protocol can be spoken in one process, over a socket: here a server asks
// what is wrong with a config.
func ExampleRegister() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	plugin.Register(server, plugin.Store(openCellar))
	go server.Serve(socket)
	defer server.Stop()

	conn, err := grpc.NewClient("unix:"+socket.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	for _, config := range []string{`{}`, `{"address": 1, "shelve": 2}`, `{"address": "cellar"}`, `{"address": "cellar:1"}`} {
		checked, err := wire.NewPluginClient(conn).Check(context.Background(), &wire.Config{Interface: "Store", Json: []byte(config)})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(config)
		for _, fault := range checked.GetFaults() {
			fmt.Printf("  %s: %s\n", fault.GetPointer(), fault.GetMessage())
		}
	}
	// Output:
	// {}
	//   : there is no "address": write where the cellar is, as host:port
	// {"address": 1, "shelve": 2}
	//   /address: this is a number: write a string
	//   /shelve: unknown key "shelve": the keys are address, shelf
	// {"address": "cellar"}
	//   /address: there is no port: write it as in 127.0.0.1:6379
	// {"address": "cellar:1"}
}

func ExampleFault() {
	err := plugin.Fault("/shelves/3", errors.New("there is no such shelf: write a number up to 2"))
	fmt.Println(err)
	// Output: there is no such shelf: write a number up to 2
}
