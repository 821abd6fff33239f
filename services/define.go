package services

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// None is the config or the needs of a Kind that has none.
type None struct{}

// Define completes k with the types of its config C and of its needs N, so
// that the author of a service never meets an any. Each field of N is an
// adaptor, and its tag names the slot:
//
//	type needs struct {
//		Store  *adaptors.Keep  `slot:"adaptor"`
//		Engine adaptors.Engine `slot:"engine,gotemplate"` // with a default
//		Cache  *adaptors.Keep  `slot:"cache" optional:"true"` // may be nil
//	}
//
// It panics over a field that is no adaptor, and over a k.Config of another
// type than C: a programmer's mistake.
func Define[C, N any](k Kind, open func(ctx context.Context, env Env, config C, needs N) (bus.Service, error)) Kind {
	if k.Config == nil {
		k.Config = func() any { return new(C) }
	}
	_ = k.Config().(*C)
	k.Adaptors = slots(reflect.TypeFor[N]())
	k.New = func(ctx context.Context, env Env) (bus.Service, error) {
		var needs N
		fields := reflect.ValueOf(&needs).Elem()
		for i, slot := range k.Adaptors {
			if adaptor, ok := env.Adaptors[slot.Key]; ok || !slot.Optional {
				fields.Field(i).Set(reflect.ValueOf(adaptor))
			}
		}
		return open(ctx, env, *env.Config.(*C), needs)
	}
	return k
}

func slots(needs reflect.Type) []Slot {
	var list []Slot
	for i := range needs.NumField() {
		field := needs.Field(i)
		key, fallback, _ := strings.Cut(field.Tag.Get("slot"), ",")
		of, ok := interfaceOf(field.Type)
		if !ok || key == "" {
			panic(fmt.Sprintf("services: field %s of %s needs an adaptor type and a slot tag", field.Name, needs))
		}
		list = append(list, Slot{Key: key, Of: of, Default: fallback, Optional: field.Tag.Get("optional") == "true"})
	}
	return list
}

func interfaceOf(t reflect.Type) (adaptors.Interface, bool) {
	switch t {
	case reflect.TypeFor[*adaptors.Keep]():
		return adaptors.StoreInterface, true
	case reflect.TypeFor[adaptors.Mailer]():
		return adaptors.MailerInterface, true
	case reflect.TypeFor[adaptors.Engine]():
		return adaptors.EngineInterface, true
	}
	return "", false
}
