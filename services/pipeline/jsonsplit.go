package pipeline

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/bus"
)

// jsonSplit makes a message of each element of a list, of each member of an
// object, or of each line of JSON in lines.
type jsonSplit struct{}

func (jsonSplit) split(_ context.Context, r *run, m *message) (iter.Seq[part], error) {
	if isLines(m.body) {
		return lines(r, m), nil
	}
	data, err := m.data(r)
	if err != nil {
		return nil, err
	}
	document := gjson.Parse(unsafe.String(unsafe.SliceData(data), len(data)))
	if !document.IsArray() && !document.IsObject() {
		return nil, bus.Errorf(http.StatusUnprocessableEntity, "jsonSplit needs a list, an object or lines of JSON")
	}
	count := 0
	document.ForEach(func(_, _ gjson.Result) bool { count++; return count <= r.fanOut })
	if err := r.part(count); err != nil {
		return nil, err
	}
	return func(yield func(part) bool) {
		defer m.close()
		i := 0
		document.ForEach(func(key, value gjson.Result) bool {
			name := key.String()
			if document.IsArray() {
				name = strconv.Itoa(i)
			}
			i++
			return yield(part{name: name, message: jsonMessage(bytesOf(value.Raw))})
		})
	}, nil
}

// bytesOf returns the bytes of a part of a document, which nobody changes.
func bytesOf(raw string) []byte { return unsafe.Slice(unsafe.StringData(raw), len(raw)) }

func jsonMessage(data []byte) *message {
	return &message{body: bus.NewBody(data, mediaTypeJSON), json: data}
}

// isLines reports whether a body is JSON in lines.
func isLines(b *bus.Body) bool {
	mediaType, _, _ := strings.Cut(b.MediaType(), ";")
	switch strings.ToLower(strings.TrimSpace(mediaType)) {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines":
		return true
	}
	return false
}

// lines reads one line after the other, as they are asked for.
func lines(r *run, m *message) iter.Seq[part] {
	return func(yield func(part) bool) {
		defer m.close()
		scanner := bufio.NewScanner(m.body.Reader())
		scanner.Buffer(nil, int(min(r.limit, 1<<30)))
		for i := 0; scanner.Scan(); {
			line := bytes.TrimSpace(scanner.Bytes())
			if len(line) == 0 {
				continue
			}
			if i >= r.fanOut {
				yield(part{name: strconv.Itoa(i), err: r.part(i + 1)})
				return
			}
			if !jsontext.Value(line).IsValid() {
				yield(part{name: strconv.Itoa(i), err: &bus.Error{Status: http.StatusBadRequest, Type: bus.TypeInvalidJSON,
					Detail: "line " + strconv.Itoa(i+1) + " is not JSON"}})
				return
			}
			one := part{name: strconv.Itoa(i), message: jsonMessage(bytes.Clone(line))}
			if one.err = r.part(1); !yield(one) || one.err != nil {
				return
			}
			i++
		}
		if err := scanner.Err(); err != nil {
			yield(part{err: lineError(err)})
		}
	}
}

func lineError(err error) error {
	switch {
	case errors.Is(err, bufio.ErrTooLong):
		return &bus.Error{Status: http.StatusRequestEntityTooLarge, Type: bus.TypeBodyTooLarge, Detail: "a line is larger than a body may be"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return bus.Errorf(http.StatusBadRequest, "the body ended before its size")
	}
	return err
}
