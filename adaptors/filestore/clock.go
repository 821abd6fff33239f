package filestore

import "time"

// nextTime returns the time for a write: later than that of all before it.
func (r *root) nextTime() (int64, error) {
	r.clock.Lock()
	defer r.clock.Unlock()
	next := max(r.now().UnixNano(), r.last+1)
	if next > r.reserved {
		reserve := next + int64(time.Second)
		if err := r.base.setTime(lockName, reserve); err != nil {
			return 0, fault(err)
		}
		r.reserved = reserve
	}
	r.last = next
	return next, nil
}
