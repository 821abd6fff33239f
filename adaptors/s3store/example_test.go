package s3store_test

import (
	"context"
	"fmt"
	"log"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/s3store"
	"github.com/seed90475182/restspace/bus"
)

func ExampleOpen() {
	ctx := context.Background()
	store, err := s3store.Open(ctx, s3store.Config{Bucket: "example-notes", Prefix: "notes", Region: "eu-central-1"}, adaptors.Env{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	key := adaptors.Key{"drafts", "a/b.txt"} // the object notes/drafts/a%2Fb.txt
	info, err := store.Put(ctx, key, bus.NewBody([]byte("hello"), ""), adaptors.Condition{Absent: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.Created)
}
