package config

import (
	"reflect"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/seed90475182/restspace/services"
)

// aroundKind is the Kind of the pipelines before and after a service, and
// pipelineKey the key of its config that has the steps.
const (
	aroundKind  = "pipeline"
	pipelineKey = "pipeline"
)

// around reads the pipelines before and after a service.
func (r *reader) around(b *block) {
	var ok bool
	b.Around.Kind, ok = r.kinds.Services.Kind(aroundKind)
	for _, one := range b.pipelines() {
		switch {
		case one.value == nil:
		case !ok:
			r.fault(one.value, one.at, "there are no pipelines in this program: leave the key out")
		default:
			*one.config = r.pipeline(b, one.value, one.at)
		}
	}
}

// besides is a pipeline before or after a service.
type besides struct {
	value  *hujson.Value
	at     pointer
	config *any
}

func (b *block) pipelines() []besides {
	return []besides{
		{b.keys.PrePipeline, b.at.AppendToken("prePipeline"), &b.Around.Before},
		{b.keys.PostPipeline, b.at.AppendToken("postPipeline"), &b.Around.After},
	}
}

// pipeline reads one of them into a config of its Kind. It runs for every
// method that the service has.
func (r *reader) pipeline(b *block, v *hujson.Value, at pointer) any {
	config := b.Around.Kind.Config()
	fields := fieldsOf(config)
	before := len(r.faults)
	r.fill(v, at, fieldNamed(fields, pipelineKey))
	fieldNamed(fields, "get").value.Set(reflect.ValueOf(true))
	if before < len(r.faults) {
		return nil
	}
	if checker, ok := config.(interface{ Check() error }); ok {
		r.tellOfPipeline(v, at, checker.Check())
	}
	if names, ok := config.(interface{ Hosts() []string }); ok {
		b.Hosts = append(b.Hosts, names.Hosts()...)
	}
	return config
}

// tellOfPipeline tells of the errors of a config whose pipeline stands in v.
func (r *reader) tellOfPipeline(v *hujson.Value, at pointer, err error) {
	for _, err := range flatten(err) {
		rest := pointer(strings.TrimPrefix(string(pointerOf(err)), "/"+pipelineKey))
		r.faultAbout(v, nearestValue(v, rest), at+rest, err.Error())
	}
}

// linkAround links the pipelines before and after a service.
func (l *linking) linkAround(b *block) {
	for _, one := range b.pipelines() {
		if linked, ok := (*one.config).(services.Linked); ok {
			_, err := linked.Link(l.at)
			l.tellOfPipeline(one.value, one.at, err)
		}
	}
}
