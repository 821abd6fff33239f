package filestore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/filestore"
	"github.com/seed90475182/restspace/bus"
)

func ExampleOpen() {
	root, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	store, err := filestore.Open(filestore.Config{Root: root}, adaptors.Env{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	key := adaptors.Key{"drafts", "a/b.txt"} // a slash in a segment is a part of the name
	if _, err := store.Put(context.Background(), key, bus.NewBody([]byte("hello"), ""), adaptors.Condition{}); err != nil {
		log.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, "drafts", "a%2Fb.txt"))
	fmt.Println(string(data), err)
	// Output: hello <nil>
}
