//go:build race

package attacks

// slowness is by how much limits of time and memory are stretched: the race
// detector takes five to ten times as much of both.
const slowness = 8
