// Mystore serves a store of documents to a restspace server.
package main

import (
	"context"
	"errors"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin"
)

func main() { plugin.Serve(plugin.Store(open)) }

// Config is what stands in "adaptorConfig" of services.json. A tag
// required:"true" makes a key necessary.
type Config struct {
	MaxDocuments int `json:"maxDocuments" doc:"how many documents there may be; 0 is any number"`
}

// Check says what is wrong with a config that was read: "restspace check" prints
// it with its line.
func (c *Config) Check() error {
	if c.MaxDocuments < 0 {
		return plugin.Fault("/maxDocuments", errors.New("there can't be fewer than none: write 0 or more"))
	}
	return nil
}

// open opens the store. It is called once, before all else; its error is that
// the store can't be opened now. What is logged with env.Log, or printed to
// standard error, is in the server's log.
func open(_ context.Context, c Config, env adaptors.Env) (adaptors.Store, error) {
	env.Log.Info("mystore is open", "maxDocuments", c.MaxDocuments)
	return newStore(c.MaxDocuments), nil
}
