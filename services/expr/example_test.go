package expr_test

import (
	"context"
	"fmt"

	"github.com/seed90475182/restspace/services/expr"
)

func ExampleCompile() {
	e, err := expr.Compile("first + ' ' + last")
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := e.Eval(context.Background(), &expr.Scope{Input: []byte(`{"first": "Ann", "last": "Lee"}`)})
	fmt.Println(string(out), err)

	_, err = expr.Compile("a +")
	fmt.Println(err)
	// Output:
	// "Ann Lee" <nil>
	// offset 3: it ends too soon, or does not end as an expression: write one whole expression
}

func ExampleCompileTransform() {
	t, err := expr.CompileTransform([]byte(`{"$": "$", "lines[line].sum": "price * line.value.n", "price": "undefined"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	engine := new(expr.Engine) // one for all evaluations
	out, err := t.Apply(context.Background(), &expr.Scope{Input: []byte(`{"price": 2, "lines": [{"n": 1}, {"n": 3}]}`), Engine: engine})
	fmt.Println(string(out), err)

	_, err = expr.CompileTransform([]byte(`{"a": "x +", "b": {"c": "y ="}}`))
	fmt.Println(err)
	// Output:
	// {"lines":[{"n":1,"sum":2},{"n":3,"sum":6}]} <nil>
	// /a: "x +", offset 3: it ends too soon, or does not end as an expression: write one whole expression
	// /b/c: "y =", offset 3: it ends too soon, or does not end as an expression: write one whole expression
}
