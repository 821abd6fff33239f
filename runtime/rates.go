package runtime

import (
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// rates bounds how often each caller may call a mount. It remembers a limited
// number of callers: one that was forgotten begins anew.
type rates struct {
	limit rate.Limit
	burst int

	mu         sync.Mutex
	young, old map[string]*rate.Limiter // old is what young was before it was full
}

// maxCallers is half of how many callers are remembered at most.
const maxCallers = 4096

func newRates(limit rate.Limit, burst int) *rates {
	return &rates{limit: limit, burst: burst, young: make(map[string]*rate.Limiter)}
}

// take counts a call. The result is how long the caller has to wait instead, 0
// if it may go on.
func (r *rates) take(caller string) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	limiter := r.young[caller]
	if limiter == nil {
		if limiter = r.old[caller]; limiter == nil {
			limiter = rate.NewLimiter(r.limit, r.burst)
		}
		if len(r.young) >= maxCallers {
			r.young, r.old = make(map[string]*rate.Limiter), r.young
		}
		r.young[strings.Clone(caller)] = limiter
	}
	if limiter.Allow() {
		return 0
	}
	return time.Duration(float64(time.Second) / float64(r.limit))
}
