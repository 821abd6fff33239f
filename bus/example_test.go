package bus_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// hello answers with the argument in its path.
var hello = bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
	name := m.ServicePath()
	if len(name) != 1 {
		return nil, bus.Errorf(http.StatusNotFound, "write one name after %s", "/hello")
	}
	return bus.Reply(http.StatusOK, bus.NewBody([]byte("hello "+name[0]), "text/plain; charset=utf-8")), nil
})

func ExampleNewTable() {
	table, err := bus.NewTable(
		&bus.Mount{Name: "hello", Base: []string{"hello"}, Service: hello},
		&bus.Mount{Name: "files", Service: bus.FromHandler(http.NotFoundHandler())},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	reply, err := table.Serve(context.Background(), &bus.Message{Method: "GET", URL: urlpattern.URL{Path: []string{"hello", "ann"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reply.Close()
	text, _ := reply.Body.Bytes(1 << 20)
	fmt.Println(reply.From, reply.Status, string(text))
	// Output: hello 200 hello ann
}

// A wrapper adds something to any service.
func ExampleWrapper() {
	var readOnly bus.Wrapper = func(s bus.Service) bus.Service {
		return bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
			if m.Method != http.MethodGet {
				return nil, &bus.Error{Status: http.StatusMethodNotAllowed, Header: bus.Header{{Name: "Allow", Value: "GET"}}}
			}
			return s.Serve(ctx, m)
		})
	}
	service := readOnly(hello)
	for _, method := range []string{"GET", "DELETE"} {
		reply, err := service.Serve(context.Background(), &bus.Message{Method: method, URL: urlpattern.URL{Path: []string{"ann"}}})
		if err != nil {
			reply = bus.Problem(err, "", "")
		}
		text, _ := reply.Body.Bytes(1 << 20)
		fmt.Println(reply.Status, string(text))
	}
	// Output:
	// 200 hello ann
	// 405 {"type":"about:blank","title":"Method Not Allowed","status":405}
}

func ExampleHandler() {
	server := httptest.NewServer(bus.Handler(hello))
	defer server.Close()
	answer, err := http.Get(server.URL + "/ann")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.Status, answer.Header.Get("Content-Type"), string(text))
	// Output: 200 OK text/plain; charset=utf-8 hello ann
}

func ExampleFromHandler() {
	service := bus.FromHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, strings.ToUpper(string(text)))
	}))
	reply, err := service.Serve(context.Background(), &bus.Message{Method: "POST", Body: bus.NewBody([]byte("hello"), "text/plain")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer reply.Close()
	text, _ := reply.Body.Bytes(1 << 20)
	fmt.Println(reply.Status, string(text))
	// Output: 202 HELLO
}

// Any http.Client can talk to a service in the process.
func ExampleTransport() {
	client := &http.Client{Transport: bus.Transport(hello)}
	answer, err := client.Get("http://bus/ann")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	fmt.Println(answer.Status, string(text))
	// Output: 200 OK hello ann
}

func ExampleQuality() {
	const accept = "text/html, application/*;q=0.5, */*;q=0.1"
	fmt.Println(bus.Quality(accept, "text/html", "text/*", "*/*"))
	fmt.Println(bus.Quality(accept, "application/json", "application/*", "*/*"))
	fmt.Println(bus.CodingQuality("zstd;q=0.8, gzip;q=0", "gzip"))
	// Output:
	// 1
	// 0.5
	// 0
}
