package adaptors_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
)

type poolKey string

// exclusive is something of which only one may be open at a time.
type exclusive struct {
	t    *testing.T
	open *atomic.Int32
	err  error
}

func openExclusive(t *testing.T, open *atomic.Int32) func() (*exclusive, error) {
	return func() (*exclusive, error) {
		assert.Equal(t, int32(1), open.Add(1), "opened beside another")
		return &exclusive{t: t, open: open}, nil
	}
}

func (e *exclusive) Close() error {
	assert.Equal(e.t, int32(0), e.open.Add(-1), "closed twice")
	return e.err
}

func TestPoolShares(t *testing.T) {
	var pool adaptors.Pool
	var open atomic.Int32
	a, releaseA, err := adaptors.Share(&pool, poolKey("a"), openExclusive(t, &open))
	require.NoError(t, err)
	b, releaseB, err := adaptors.Share(&pool, poolKey("a"), openExclusive(t, &open))
	require.NoError(t, err)
	assert.Same(t, a, b)

	a.err = errors.New("close")
	require.NoError(t, releaseA())
	require.NoError(t, releaseA(), "a second release does nothing")
	assert.Equal(t, int32(1), open.Load())
	require.ErrorIs(t, releaseB(), a.err)
	assert.Equal(t, int32(0), open.Load())

	c, releaseC, err := adaptors.Share(&pool, poolKey("a"), openExclusive(t, &open))
	require.NoError(t, err)
	assert.NotSame(t, a, c)
	require.NoError(t, releaseC())
}

func TestPoolForgetsFailures(t *testing.T) {
	var pool adaptors.Pool
	var open atomic.Int32
	failed := errors.New("no")
	_, _, err := adaptors.Share(&pool, poolKey("a"), func() (*exclusive, error) { return nil, failed })
	require.ErrorIs(t, err, failed)
	_, release, err := adaptors.Share(&pool, poolKey("a"), openExclusive(t, &open))
	require.NoError(t, err)
	require.NoError(t, release())
}

func TestPoolOpensKeysSideBySide(t *testing.T) {
	var pool adaptors.Pool
	var open, other atomic.Int32
	_, release, err := adaptors.Share(&pool, poolKey("a"), func() (*exclusive, error) {
		_, release, err := adaptors.Share(&pool, poolKey("b"), openExclusive(t, &other)) // deadlocks if "a" is in its way
		require.NoError(t, err)
		require.NoError(t, release())
		return openExclusive(t, &open)()
	})
	require.NoError(t, err)
	require.NoError(t, release())
}

func TestPoolNeverHasTwoOpen(t *testing.T) {
	var pool adaptors.Pool
	var open atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 2000 {
				_, release, err := adaptors.Share(&pool, poolKey("a"), openExclusive(t, &open))
				if !assert.NoError(t, err) {
					return
				}
				assert.NoError(t, release())
			}
		})
	}
	group.Wait()
	assert.Equal(t, int32(0), open.Load())
}

func TestPoolRefusesAnotherType(t *testing.T) {
	var pool adaptors.Pool
	var open atomic.Int32
	_, release, err := adaptors.Share(&pool, poolKey("a"), openExclusive(t, &open))
	require.NoError(t, err)
	defer func() { require.NoError(t, release()) }()
	assert.Panics(t, func() {
		_, _, _ = adaptors.Share(&pool, poolKey("a"), func() (*nothing, error) { return &nothing{}, nil })
	})
}

func TestNilPoolSharesNothing(t *testing.T) {
	var first, second atomic.Int32
	a, releaseA, err := adaptors.Share(nil, poolKey("a"), openExclusive(t, &first))
	require.NoError(t, err)
	b, releaseB, err := adaptors.Share(nil, poolKey("a"), openExclusive(t, &second))
	require.NoError(t, err)
	assert.NotSame(t, a, b)
	require.NoError(t, releaseA())
	require.NoError(t, releaseA())
	require.NoError(t, releaseB())
}

type nothing struct{}

func (*nothing) Close() error { return nil }
