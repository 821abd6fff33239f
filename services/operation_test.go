package services_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

func TestOperationsOfRoutes(t *testing.T) {
	var route services.Route = func(context.Context, *bus.Message, services.Args) (*bus.Message, error) { return nil, nil }
	routes := services.Routes{"GET /": route, "POST /run": route, "GET /see/:what": route, "POST /*path": route}
	told := services.Operation{Method: "POST", Path: "/run", Name: "run", Doc: "Run it"}
	assert.Equal(t, []services.Operation{
		{Method: "GET"}, {Method: "POST"}, {Method: "POST", Path: "/*path"}, told, {Method: "GET", Path: "/see/:what"},
	}, routes.Operations(told))

	told.Method = "PUT"
	assert.PanicsWithValue(t, "services: PUT /run is no route", func() { routes.Operations(told) })
}
