package runtime

import (
	"context"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/edge"
)

// rates bounds how often each caller may call a mount, or all of them. It
// remembers a limited number of callers: one that was forgotten begins anew.
type rates struct {
	limit rate.Limit
	burst int

	mu         sync.Mutex
	young, old map[string]*rate.Limiter // old is what young was before it was full
}

// maxCallers is half of how many callers are remembered at most.
const maxCallers = 4096

// newRates returns nil where there is no limit.
func newRates(limit config.Rate) *rates {
	if limit.Count == 0 {
		return nil
	}
	return &rates{limit: limit.PerSecond(), burst: limit.Count, young: make(map[string]*rate.Limiter)}
}

// admit counts a request of the caller of m, or refuses it. A nil rates admits
// all.
func (r *rates) admit(ctx context.Context, m *bus.Message) error {
	if r == nil {
		return nil
	}
	wait := r.take(caller(ctx, m))
	if wait == 0 {
		return nil
	}
	return &bus.Error{Status: http.StatusTooManyRequests, Type: bus.TypeRate,
		Detail: "too many requests of one caller in a short time",
		Header: bus.Header{{Name: "Retry-After", Value: strconv.Itoa(int(math.Ceil(wait.Seconds())))}}}
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
	missing := 1 - limiter.Tokens()
	return max(1, time.Duration(missing/float64(r.limit)*float64(time.Second))) // it may just have come
}

// caller names who asks, for the rate limit: the user, or else the address.
func caller(ctx context.Context, m *bus.Message) string {
	if m.User != nil {
		return m.User.Email
	}
	root := bus.RootOf(ctx)
	if root == nil {
		return ""
	}
	address, err := netip.ParseAddr(root.Client)
	if err != nil {
		return root.Client
	}
	return edge.ClientOf(address).String()
}
