package expr_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/seed90475182/restspace/services/expr"
)

// BenchmarkTransform applies transforms of ten keys to a document of 400 bytes:
// members that are read in place, and JavaScript. late is how many of them the
// machine had no time for: other work of it counts as theirs.
func BenchmarkTransform(b *testing.B) {
	input := []byte(`{"m0":"v0","m1":1,"m2":{"x":[1,2,3]},"m3":true,"m4":"some text","m5":5,"m6":6.5,"m7":null,"m8":"v8","m9":"v9",
		"address":{"street":"1 High Street","city":"York"}}`)
	for name, form := range map[string]string{"reads": "m%d", "expressions": "m%d + 1"} {
		var keys []string
		for i := range 10 {
			keys = append(keys, fmt.Sprintf(`"k%d": %q`, i, fmt.Sprintf(form, i)))
		}
		t, err := expr.CompileTransform([]byte("{" + strings.Join(keys, ",") + "}"))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			scope := &expr.Scope{Input: input, Engine: new(expr.Engine)}
			if _, err := t.Apply(context.Background(), scope); err != nil { // the first makes a machine
				b.Fatal(err)
			}
			late := 0
			for b.Loop() {
				if _, err := t.Apply(context.Background(), scope); err != nil {
					late++
				}
			}
			b.ReportMetric(float64(late), "late")
		})
	}
}

// BenchmarkTrue asks a condition, as a pipeline does.
func BenchmarkTrue(b *testing.B) {
	for _, source := range []string{"ok", "status === 200"} {
		e, err := expr.Compile(source)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(source, func(b *testing.B) {
			b.ReportAllocs()
			scope := &expr.Scope{Engine: new(expr.Engine), Names: func(string) (any, bool) { return 200.0, true }}
			for b.Loop() {
				if _, err := e.True(context.Background(), scope); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNewMachine(b *testing.B) {
	e, err := expr.Compile("1 + 1 + a")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Eval(context.Background(), &expr.Scope{}); err != nil {
			b.Fatal(err)
		}
	}
}
