package doctor

import (
	"context"
	"fmt"
	"math"
	goruntime "runtime"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
)

// ownDescriptors is how many a server needs beside those of its connections:
// its files, sockets and pipes.
const ownDescriptors = 256

// descriptors compares how many files may be open with how many connections are
// let in.
func descriptors(_ context.Context, p *Patient) []adaptors.Finding {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil
	}
	return []adaptors.Finding{openFiles(uint64(limit.Max), uint64(p.Config.Server.Limits.Connections))} // a Go program takes all that it may
}

func openFiles(most, connections uint64) adaptors.Finding {
	const raise = "raise it with ulimit -Hn, or LimitNOFILE in the unit, or write fewer connections"
	switch {
	case most < connections+ownDescriptors:
		return problem(raise, "at most %d files can be open, and server.limits.connections lets in %d: further ones fail", most, connections)
	case most < 2*connections+ownDescriptors:
		return warning(raise, "at most %d files can be open: too few where each of the %d of server.limits.connections opens another file or connection", most, connections)
	}
	return good("%d files can be open, for %d connections", most, connections)
}

// leastMemory is how much a server has use for.
const leastMemory = 128 << 20

// memory looks at what the process may have, and what its garbage collector knows
// of that.
func memory(context.Context, *Patient) []adaptors.Finding {
	allowed, err := memlimit.FromCgroup()
	if err != nil || allowed > math.MaxInt64/2 {
		allowed = 0
	}
	system, err := memlimit.FromSystem()
	if err != nil {
		system = 0
	}
	own := debug.SetMemoryLimit(-1)
	if own == math.MaxInt64 {
		own = 0
	}
	return []adaptors.Finding{memoryOf(uint64(own), allowed, system)}
}

// memoryOf judges the limit of GOMEMLIMIT, that of the cgroup, and how much there
// is; 0 is none, or not known.
func memoryOf(own, allowed, system uint64) adaptors.Finding {
	least := allowed
	if least == 0 || system > 0 && system < least {
		least = system
	}
	switch {
	case least > 0 && own > least:
		return problem("write less than that, or take it out of the environment: nine tenths are taken then", "GOMEMLIMIT is %s, and there is only memory of %s: the system ends the process before it is reached", sizeOf(own), sizeOf(least))
	case least > 0 && least < leastMemory:
		return warning("allow more", "there is only memory of %s", sizeOf(least))
	case own > 0:
		return good("the garbage collector keeps to %s of memory, as GOMEMLIMIT says", sizeOf(own))
	case allowed > 0:
		return good("the garbage collector keeps to nine tenths of what hashing passwords leaves of the %s of memory that the process may have", sizeOf(allowed))
	}
	return good("memory is not limited: there is %s", sizeOf(system))
}

// cores tells how many cores the server has, and whether it knows.
func cores(context.Context, *Patient) []adaptors.Finding {
	return []adaptors.Finding{coresOf(goruntime.GOMAXPROCS(0), goruntime.NumCPU())}
}

func coresOf(used, there int) adaptors.Finding {
	switch {
	case used > there:
		return warning("take it out of the environment: what there is is taken then", "GOMAXPROCS is %d, and there are only %s", used, count(there, "core"))
	case there == 1:
		return warning("give the server two or more, where it has load", "there is 1 core: the garbage collector and requests wait for each other")
	}
	return good("%d of %s are used", used, count(there, "core"))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// sizeOf returns a number of bytes as people say it.
func sizeOf(bytes uint64) string {
	size, unit := float64(bytes), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	for size >= 1024 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}
