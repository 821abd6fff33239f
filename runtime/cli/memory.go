package cli

import (
	"log/slog"
	"math"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/seed90475182/restspace/runtime/hashing"
)

// memoryShare is which part of what the system allows the process its heap may
// have: the rest is for what the garbage collector knows nothing of.
const memoryShare = 0.9

// besidePasswords returns a part of what is allowed: the process that hashes
// passwords may need the rest, but no more than a quarter.
func besidePasswords(allowed memlimit.Provider) memlimit.Provider {
	return func() (uint64, error) {
		limit, err := allowed()
		return limit - min(hashing.Memory(), limit/4), err
	}
}

// limitMemory has the garbage collector keep the process below its share of what
// allowed says, so that it works harder before the system ends the process.
// GOMEMLIMIT in the environment says otherwise. The result tells a log of it.
func limitMemory(allowed memlimit.Provider) (tell func(*slog.Logger)) {
	limit, err := memlimit.Set(memlimit.WithProvider(allowed), memlimit.WithRatio(memoryShare))
	return func(log *slog.Logger) {
		switch {
		case err != nil:
			log.Debug("nobody says how much memory there is", "error", err)
		case limit == math.MaxInt64:
			log.Debug("memory is not limited")
		default:
			log.Info("memory is limited", "bytes", limit)
		}
	}
}
