package main

import (
	"errors"
	"net"
	"strings"

	"github.com/seed90475182/restspace/adaptors/plugin"
)

// Config says which Redis keeps the documents, and where in it.
type Config struct {
	Address  string `json:"address" doc:"where Redis listens: host:port, or the path of a Unix socket; 127.0.0.1:6379 if it is missing"`
	Password string `json:"password" doc:"of Redis, best from outside the file; none if it is missing"`
	DB       int    `json:"db" doc:"the number of the database; 0 if it is missing"`
	Prefix   string `json:"prefix" doc:"what the keys of all documents begin with; restspace: if it is missing"`
}

// Check says what is wrong with a config.
func (c *Config) Check() error {
	var faults []error
	if _, port, err := net.SplitHostPort(c.Address); !strings.HasPrefix(c.Address, "/") && (err != nil || port == "") {
		faults = append(faults, plugin.Fault("/address", errors.New("this is no address: write host:port, or the path of a Unix socket")))
	}
	if c.DB < 0 {
		faults = append(faults, plugin.Fault("/db", errors.New("there is no such database: write 0 or more")))
	}
	return errors.Join(faults...)
}
