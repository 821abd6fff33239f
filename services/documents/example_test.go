package documents_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents"
	"github.com/seed90475182/restspace/urlpattern"
)

func ExampleNew() {
	service := documents.New(documents.Config{
		Keep:    adaptors.NewKeep(memstore.New(), 0),
		JSON:    true,
		MaxBody: 1 << 20,
	})
	call := func(method, path string, body *bus.Body) *bus.Message {
		url, err := urlpattern.ParseURL(path)
		if err != nil {
			panic(err)
		}
		reply, err := service.Serve(context.Background(), &bus.Message{Method: method, URL: url, Body: body})
		if err != nil {
			panic(err)
		}
		return reply
	}
	reply := call(http.MethodPut, "/friends/ann", bus.NewBody([]byte(`{"age": 41}`), "application/json"))
	fmt.Println(reply.Status, reply.Header.Get("Location"))

	reply = call(http.MethodGet, "/friends/?$list=items", nil)
	data, err := reply.Body.Bytes(1 << 20)
	fmt.Println(reply.Status, string(data), err)
	// Output:
	// 201 /friends/ann
	// 200 {"ann.json":{"age": 41}} <nil>
}

func ExampleCheckJSON() {
	fmt.Println(documents.CheckJSON([]byte("{\n  \"age\": 41,\n  \"age\": 42\n}")))
	// Output:
	// byte 17 (line 3, column 3) in /age: duplicate object member name
}

func ExampleMergePatch() {
	merged, err := documents.MergePatch(
		[]byte(`{"name": "Ann", "age": 41.0, "tags": ["a"]}`),
		[]byte(`{"tags": null, "city": "Bern"}`))
	fmt.Println(string(merged), err)
	// Output:
	// {"name":"Ann","age":41.0,"city":"Bern"} <nil>
}
