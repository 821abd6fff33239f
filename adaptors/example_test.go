package adaptors_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
)

func ExampleKeep() {
	ctx := context.Background()
	keep := adaptors.NewKeep(memstore.New(), 1<<20)

	key := adaptors.Key{"users", "7.json"}
	first, err := keep.Put(ctx, key, bus.NewBody([]byte(`{"name":"Ann"}`), ""), adaptors.Condition{Absent: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(first.Created, first.Size, first.MediaType)

	// Only who knows the last version may replace it.
	same := adaptors.Condition{Match: []string{first.ETag}}
	_, err = keep.Put(ctx, key, bus.NewBody([]byte(`{"name":"Bob"}`), ""), same)
	fmt.Println(err)
	_, err = keep.Put(ctx, key, bus.NewBody([]byte(`{"name":"Eve"}`), ""), same)
	fmt.Println(err, errors.Is(err, adaptors.ErrCondition))

	body, _, err := keep.Get(ctx, key, adaptors.GetOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer body.Close()
	data, err := body.Bytes(1 << 20)
	fmt.Println(string(data), err)
	// Output:
	// true 14 application/json
	// <nil>
	// put users/7.json: the condition does not hold true
	// {"name":"Bob"} <nil>
}

func ExampleKeep_List() {
	ctx := context.Background()
	keep := adaptors.NewKeep(memstore.New(), 0)
	for _, key := range []adaptors.Key{{"b.txt"}, {"a", "1"}, {"a", "2"}, {"c"}} {
		if _, err := keep.Put(ctx, key, nil, adaptors.Condition{}); err != nil {
			log.Fatal(err)
		}
	}
	for info, err := range keep.List(ctx, nil, adaptors.ListOptions{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(info.Name, info.Dir)
	}
	// Output:
	// a true
	// b.txt false
	// c false
}

func ExampleEscapeName() {
	for _, segment := range []string{"notes 2024.txt", "a/b", "100%", ".."} {
		fmt.Println(adaptors.EscapeName(segment))
	}
	// Output:
	// notes 2024.txt
	// a%2Fb
	// 100%25
	// %2E%2E
}

func ExampleShare() {
	type logFile string // a key of our own
	pool := new(adaptors.Pool)
	open := func() (*os.File, error) {
		fmt.Println("open")
		return os.Open(os.DevNull)
	}
	before, releaseBefore, err := adaptors.Share(pool, logFile(os.DevNull), open)
	if err != nil {
		log.Fatal(err)
	}
	after, releaseAfter, err := adaptors.Share(pool, logFile(os.DevNull), open)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(before == after)
	fmt.Println(releaseBefore(), releaseAfter()) // the second one closes it
	// Output:
	// open
	// true
	// <nil> <nil>
}
