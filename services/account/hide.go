package account

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Hide returns a record as everybody may see it: its password is Hidden, if it
// has one, and its state is gone. All else is as it was.
func Hide(record []byte) ([]byte, error) {
	return edit(record, func(name string, value jsontext.Value) jsontext.Value {
		switch name {
		case "password":
			return jsontext.Value(`"` + Hidden + `"`)
		case "auth":
			return nil
		}
		return value
	})
}

// Write returns a record with those of the Password, Roles and State of r that
// differ from its own. All else is as it was.
func Write(record []byte, r *Record) ([]byte, error) {
	before, err := Parse(record)
	if err != nil {
		return nil, err
	}
	next := make(map[string]jsontext.Value, 3)
	put := func(name string, same bool, value any) {
		if !same && err == nil {
			next[name], err = json.Marshal(value, json.Deterministic(true))
		}
	}
	put("password", before.Password == r.Password, r.Password)
	put("roles", slices.Equal(before.Roles, r.Roles), r.Roles)
	put("auth", reflect.DeepEqual(before.State, r.State), r.State)
	if err != nil {
		return nil, fmt.Errorf("write a user record: %w", err)
	}
	data, err := edit(record, func(name string, value jsontext.Value) jsontext.Value {
		if other, ok := next[name]; ok {
			delete(next, name)
			return other
		}
		return value
	})
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(next)) { // data has an email before them
		data = fmt.Appendf(data[:len(data)-1], `,"%s":%s}`, name, next[name])
	}
	return data, nil
}

// Without returns a record without a member. All else is as it was.
func Without(record []byte, member string) ([]byte, error) {
	return edit(record, func(name string, value jsontext.Value) jsontext.Value {
		if name == member {
			return nil
		}
		return value
	})
}

// edit returns an object whose members have the values that change returns for
// them: nil takes one out.
func edit(object []byte, change func(name string, value jsontext.Value) jsontext.Value) ([]byte, error) {
	in := jsontext.NewDecoder(bytes.NewReader(object))
	if start, err := in.ReadToken(); err != nil || start.Kind() != '{' {
		return nil, errors.Join(errors.New("a user record is a JSON object"), err)
	}
	out := append(make([]byte, 0, len(object)+64), '{')
	for in.PeekKind() == '"' {
		raw, err := in.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("user record: %w", err)
		}
		quoted := bytes.Clone(raw)
		name, err := jsontext.AppendUnquote(nil, quoted)
		if err != nil {
			return nil, fmt.Errorf("user record: %w", err)
		}
		value, err := in.ReadValue()
		if err != nil {
			return nil, fmt.Errorf("user record: %w", err)
		}
		if value = change(string(name), value); value == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, quoted...), ':'), value...)
	}
	if _, err := in.ReadToken(); err != nil {
		return nil, fmt.Errorf("user record: %w", err)
	}
	return append(out, '}'), nil
}
