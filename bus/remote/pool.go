package remote

import (
	"sync"
	"time"
)

// pool keeps connections between two calls, by host. The one that was used last
// is used next.
type pool struct {
	mu     sync.Mutex
	hosts  map[string][]*conn
	count  int
	closed bool
	timer  *time.Timer // of sweep; nil while nothing is kept
}

// take returns a connection to host, or nil. Its server may have ended it.
func (p *pool) take(host string) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.hosts[host]
	if len(list) == 0 {
		return nil
	}
	last := len(list) - 1
	c := list[last]
	list[last] = nil
	p.hosts[host] = list[:last]
	p.count--
	return c
}

// put keeps c for the next call, or closes it if there are enough.
func (p *pool) put(c *conn) {
	c.idleSince = time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.count >= maxIdle || len(p.hosts[c.host]) >= maxIdleHost {
		_ = c.Close()
		return
	}
	if p.hosts == nil {
		p.hosts = make(map[string][]*conn)
	}
	p.hosts[c.host] = append(p.hosts[c.host], c)
	p.count++
	if p.timer == nil {
		p.timer = time.AfterFunc(idleTimeout, p.sweep)
	}
}

// sweep closes what was kept too long.
func (p *pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = nil
	old := time.Now().Add(-idleTimeout)
	for host, list := range p.hosts {
		n := 0
		for n < len(list) && list[n].idleSince.Before(old) {
			_ = list[n].Close()
			n++
		}
		p.count -= n
		if n == len(list) {
			delete(p.hosts, host)
			continue
		}
		p.hosts[host] = append([]*conn(nil), list[n:]...)
	}
	if p.count > 0 && !p.closed {
		p.timer = time.AfterFunc(idleTimeout/2, p.sweep)
	}
}

// close closes all that is kept, and what is put later.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.timer != nil {
		p.timer.Stop()
	}
	for _, list := range p.hosts {
		for _, c := range list {
			_ = c.Close()
		}
	}
	p.hosts, p.count = nil, 0
}
