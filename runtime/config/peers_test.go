package config_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/runtime/config"
)

func TestWhichHostIsAPeer(t *testing.T) {
	s := config.Server{Peers: []string{"b.example", "10.0.0.2:3100", "C.example.:443", "[::1]:80"}}
	for host, want := range map[string][2]bool{ // over http, over https
		"b.example":      {true, true},
		"b.example:80":   {true, false},
		"b.example:443":  {false, true},
		"b.example:9999": {false, false},
		"B.EXAMPLE.":     {true, true},
		"10.0.0.2":       {false, false},
		"10.0.0.2:3100":  {true, true},
		"10.0.0.2:3101":  {false, false},
		"c.example":      {false, true},
		"[::1]":          {true, false},
		"xb.example":     {false, false},
		"b.example.evil": {false, false},
	} {
		assert.Equal(t, want, [2]bool{s.IsPeer("http", host), s.IsPeer("https", host)}, host)
	}
	assert.False(t, new(config.Server).IsPeer("http", ""))
}

func TestWhichNameIsTheOwn(t *testing.T) {
	s := config.Server{PublicURL: "https://a.example", Hosts: []string{"any.example", "one.example:3100", "::1"}}
	for name, want := range map[string]bool{
		"a.example:443":    true,
		"a.example:3100":   false,
		"any.example:1":    true,
		"one.example:3100": true,
		"one.example:3101": false,
		"[::1]:3100":       true,
		"b.example:443":    false,
		"":                 false,
		"a.example":        false,
	} {
		assert.Equal(t, want, s.IsOwn(name), name)
	}
	assert.False(t, new(config.Server).IsOwn(""), "a server without a name is nobody")
}
