package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// peersRun returns a run with one task, in which restspace is half as fast as nginx
// and twice as fast as Caddy.
func peersRun() *peerRun {
	c := new(comparison)
	for _, m := range plotted() {
		unit := 2.0
		if m == throughput {
			unit = 0.5
		}
		for range 3 {
			c.add(m, restspaceSide, 100*unit)
			c.add(m, nginxSide, 100)
			c.add(m, caddySide, 100*unit*unit)
		}
	}
	return &peerRun{
		bench: &bench{rounds: 3, seconds: 1}, day: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
		programs: "restspace (go1), nginx 1, Caddy 2", machine: "a machine",
		tasks: peerTasks()[:1], results: []*comparison{c},
	}
}

func TestPeerTable(t *testing.T) {
	table := peersRun().table()
	assert.Contains(t, table, "2 January 2026; restspace (go1), nginx 1, Caddy 2; a machine; medians of 3 rounds of 1 s.\n")
	assert.Contains(t, table, "| a file of 1 KB | requests a second | 50.0 | 100 | 25.0 | 0.50 | 2.00 |\n")
	assert.Contains(t, table, "|  | p99, ms | 200 | 100 | 400 | 0.50 | 2.00 |\n", "less time is better")
}

func TestPeerFiles(t *testing.T) {
	dir := t.TempDir()
	readme := filepath.Join(dir, "README.md")
	require.NoError(t, os.WriteFile(readme, []byte("before\n"+tableBegins+"an older one\n"+tableEnds+"after\n"), 0o600))
	run := peersRun()
	require.NoError(t, run.write(filepath.Join(dir, "figures"), readme))

	page, err := os.ReadFile(filepath.Join(dir, "figures", "peers.md"))
	require.NoError(t, err)
	assert.Equal(t, run.table()+peerNotes, string(page))
	shown, err := os.ReadFile(readme)
	require.NoError(t, err)
	assert.Equal(t, "before\n"+tableBegins+run.table()+tableEnds+"after\n", string(shown))
	plot, err := os.ReadFile(filepath.Join(dir, "figures", "peers.svg"))
	require.NoError(t, err)
	assert.Contains(t, string(plot), `width="85" height="18" fill="#1b6ca8"/>`, "half of the longest bar")
	assert.Equal(t, len(plotted())*sides, strings.Count(string(plot), " height=\"18\""))

	require.NoError(t, os.WriteFile(readme, []byte("no place\n"), 0o600))
	assert.ErrorContains(t, run.write(dir, readme), "write <!-- peers --> and <!-- /peers --> on lines of their own")
}

func TestVersionIn(t *testing.T) {
	for output, want := range map[string]string{
		"nginx version: nginx/1.22.1\n": "1.22.1",
		"v2.11.9 h1:Zm9v=\n":            "2.11.9",
		"2.6.2\n":                       "2.6.2",
		"unknown\n":                     "unknown",
	} {
		assert.Equal(t, want, versionIn(output), output)
	}
}

// The README shows what was measured last.
func TestReadmeShowsThePeers(t *testing.T) {
	page, err := os.ReadFile("../../examples/figures/peers.md")
	require.NoError(t, err)
	table, _, found := strings.Cut(string(page), peerNotes)
	require.True(t, found, "examples/figures/peers.md is not as this program writes it: make peers")
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), tableBegins+table+tableEnds)
}
