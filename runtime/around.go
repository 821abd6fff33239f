package runtime

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/record"
	"github.com/seed90475182/restspace/services"
)

// pipeline makes the service of a pipeline before or after the one of i; nil for
// no config.
func (i *instance) pipeline(ctx context.Context, config any) (bus.Service, error) {
	if config == nil {
		return nil, nil
	}
	env := i.env
	env.Config = config
	calls := i.env.Bus.(inside)
	calls.foreign = false // as of any pipeline
	env.Bus, env.AsCaller = calls, asCaller{calls}
	service, err := i.conf.Around.Kind.New(ctx, env)
	if err != nil {
		return nil, fmt.Errorf("service %q: pipeline: %w", i.conf.Name, err)
	}
	i.keep(service)
	return service, nil
}

// serve has m go through the pipeline before the service, the service, and the
// pipeline after it. An error or a redirect is the answer.
func (s *started) serve(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	if s.refuses(m) {
		return s.Service.Serve(ctx, m)
	}
	if s.before != nil {
		if answer, err := s.prepare(ctx, m); answer != nil || err != nil {
			return answer, err
		}
	}
	if s.after == nil {
		return s.service.Serve(ctx, m)
	}
	m.Header.Del("Range")           // of what the service says, which nobody sees
	m.Header.Del("Accept-Encoding") // a pipeline reads what is not packed
	asked := *m
	asked.Header = slices.DeleteFunc(slices.Clone(m.Header), isContent)
	reply, err := s.service.Serve(ctx, m)
	if err != nil || reply == nil || reply.Status/100 != 2 {
		return reply, err
	}
	return s.finish(ctx, &asked, reply)
}

// refuses reports whether the service has no such method, so that there is
// nothing to come before or after.
func (s *started) refuses(m *bus.Message) bool {
	if s.before == nil && s.after == nil {
		return false
	}
	known, ok := s.Service.(services.Methods)
	return ok && !slices.Contains(known.Methods(m.ServicePath(), m.URL.Dir), m.Method)
}

// around has a pipeline answer m, as a node of the record.
func around(ctx context.Context, name string, pipeline bus.Service, m *bus.Message) (*bus.Message, error) {
	ctx, node := record.Begin(ctx, record.Entry{Kind: record.Around, Name: name})
	reply, err := pipeline.Serve(ctx, m)
	if err == nil {
		node.Set(func(e *record.Entry) { e.Status = reply.Status })
	}
	node.End(err)
	return reply, err
}

// prepare gives m the body that the pipeline before the service makes. An answer
// is there where the service is not to be asked.
func (s *started) prepare(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	first := *m
	first.Header = slices.Clone(m.Header)
	made, err := around(ctx, "prePipeline", s.before, &first)
	switch {
	case err != nil:
		return nil, err
	case made.Status/100 != 2:
		return made, nil
	}
	m.Body = made.Body
	if m.Method == http.MethodGet { // it has none
		err = m.Body.Close()
		m.Body = nil
	}
	m.Header = slices.DeleteFunc(m.Header, isContent)
	m.Header = append(m.Header, made.Header...)
	return nil, err
}

// finish gives reply the body that the pipeline after the service makes of it.
func (s *started) finish(ctx context.Context, asked, reply *bus.Message) (*bus.Message, error) {
	body := reply.Body
	asked.Body, asked.Status = body, reply.Status
	for _, f := range reply.Header {
		if isContent(f) {
			asked.Header = append(asked.Header, f)
		}
	}
	made, err := around(ctx, "postPipeline", s.after, asked)
	if err != nil || made.Status/100 != 2 {
		return made, err
	}
	if made.Body != body { // it is another representation
		reply.Header = slices.DeleteFunc(reply.Header, func(f bus.Field) bool {
			return isContent(f) || slices.Contains([]string{"etag", "last-modified", "accept-ranges"}, strings.ToLower(f.Name))
		})
		reply.Header = append(reply.Header, made.Header...)
	}
	reply.Body = made.Body
	if made.Status != http.StatusOK || made.Body != nil && !bus.BodyAllowed(reply.Status) {
		reply.Status = made.Status
	}
	return reply, nil
}

// isContent reports whether a field is about the body.
func isContent(f bus.Field) bool {
	return len(f.Name) > len("Content-") && strings.EqualFold(f.Name[:len("Content-")], "Content-")
}
