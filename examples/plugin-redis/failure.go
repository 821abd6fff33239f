package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// passing is what Redis's answers begin with that may be others a little later.
var passing = [...]string{"LOADING ", "BUSY ", "MASTERDOWN ", "CLUSTERDOWN ", "TRYAGAIN ", "NOREPLICAS ", "MISCONF ", "max number of clients "}

// failure returns what an error of the client means. nil stays nil.
func failure(ctx context.Context, err error) error {
	var answer redis.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case redis.IsOOMError(err):
		return fmt.Errorf("%w: %w", syscall.ENOSPC, err)
	case redis.IsReadOnlyError(err):
		return fmt.Errorf("%w: %w", adaptors.ErrReadOnly, err)
	case redis.IsAuthError(err):
		return fmt.Errorf("%w: see the password in the config", err)
	case !errors.As(err, &answer): // the connection
		return busy(err)
	}
	for _, beginning := range passing {
		if redis.HasErrorPrefix(err, beginning) {
			return busy(err)
		}
	}
	return err
}

// busy is an outage that may pass.
func busy(err error) error {
	return &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable, Err: err,
		Detail: "Redis does not answer as it should: try again later"}
}
