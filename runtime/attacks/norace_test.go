//go:build !race

package attacks

// slowness is by how much limits of time and memory are stretched.
const slowness = 1
