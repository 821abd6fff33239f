package urlpattern_test

import (
	"fmt"

	"github.com/seed90475182/restspace/urlpattern"
)

func ExampleParsePath() {
	p, _ := urlpattern.ParsePath("/photos/summer%202024/a%2fb.jpg")
	fmt.Printf("%q\n", p.Segments)
	fmt.Println(p)

	_, err := urlpattern.ParsePath("/photos/%2e%2e/secret")
	fmt.Println(err)
	// Output:
	// ["photos" "summer 2024" "a/b.jpg"]
	// /photos/summer%202024/a%2Fb.jpg
	// path, byte 8: "." or ".." as a segment: write the path that is meant
}

func ExampleAppendPath() {
	room := make([]string, 0, 8) // reused from request to request
	segments, dir, _ := urlpattern.AppendPath(room, "/json/people/")
	fmt.Println(segments, dir)
	// Output: [json people] true
}

func ExampleCheckSegment() {
	fmt.Println(urlpattern.CheckSegment("a/b"))
	fmt.Println(urlpattern.CheckSegment("../b"))
	// Output:
	// <nil>
	// path, byte 0: "." or ".." as a segment: write the path that is meant
}

func ExampleAppendSegment() {
	fmt.Printf("%s\n", urlpattern.AppendSegment([]byte("/files/"), "50% of a/b"))
	// Output: /files/50%25%20of%20a%2Fb
}

func ExampleParseURL() {
	u, _ := urlpattern.ParseURL("/auth/impersonate/bert@something.com/with-roles")
	u.Base, u.Sub = 1, 2
	fmt.Println(u.BasePath(), u.ServicePath(), u.MainPath(), u.SubPath())
	// Output: [auth] [impersonate bert@something.com with-roles] [impersonate] [bert@something.com with-roles]
}

func ExampleQueryPairs() {
	for key, value := range urlpattern.QueryPairs("q=a+b&flag&q=%26") {
		fmt.Printf("%s=%q\n", key, value)
	}
	// Output:
	// q="a b"
	// flag=""
	// q="&"
}

func ExampleQueryValue() {
	page, ok := urlpattern.QueryValue("page=2&page=3", "page")
	fmt.Println(page, ok)
	// Output: 2 true
}

func ExamplePattern_Expand() {
	p, err := urlpattern.Parse("/contacts/$>0/orders/${lines[price > 10].id}?by=$?(email)")
	if err != nil {
		fmt.Println(err)
		return
	}
	u, _ := urlpattern.ParseURL("/pipe/bert?email=b@x.com")
	u.Base = 1
	urls, err := p.Expand(&urlpattern.Values{
		URL:  &u,
		Body: []byte(`{"lines":[{"id":"a/1","price":12},{"id":"b","price":9},{"id":"c","price":20}]}`),
	})
	for _, u := range urls {
		fmt.Println(u)
	}
	fmt.Println(err)
	// Output:
	// /contacts/bert/orders/a%2F1?by=b%40x.com
	// /contacts/bert/orders/c?by=b%40x.com
	// <nil>
}

func ExamplePattern_Text() {
	p, _ := urlpattern.ParseText("$<0 of $>0")
	u, _ := urlpattern.ParseURL("/summer%202024/a%2Fb.jpg")
	names, _ := p.Text(&urlpattern.Values{URL: &u}, true)
	segments, _ := p.Text(&urlpattern.Values{URL: &u}, false)
	fmt.Println(names[0])
	fmt.Println(segments[0])
	// Output:
	// a/b.jpg of summer 2024
	// a%2Fb.jpg of summer%202024
}

func ExamplePattern_Args() {
	p, _ := urlpattern.Parse("/mail/$>0:(all)/${address.email}?lang=$?(lang)")
	for _, arg := range p.Args() {
		fmt.Println(arg.Source, arg.Key, arg.Optional)
	}
	fmt.Println(p.Literal())
	// Output:
	// service path >0 true
	// body address.email false
	// query lang false
	// /mail
}

func ExampleParseWholeURL() {
	_, err := urlpattern.Parse("$?(from)")
	fmt.Println(err)
	p, _ := urlpattern.ParseWholeURL("$?(from)")
	u, _ := urlpattern.ParseURL("/fetch?from=https%3A%2F%2Fexample.com%2Fa")
	urls, _ := p.Expand(&urlpattern.Values{URL: &u})
	fmt.Println(p.FromData(), urls[0])
	// Output:
	// byte 0: the whole URL comes from data: write a path before the code, as in /contacts/$?(from)
	// true https://example.com/a
}

func ExampleExpandError() {
	p, _ := urlpattern.Parse("/json/$>0")
	_, err := p.Expand(&urlpattern.Values{URL: &urlpattern.URL{}})
	fmt.Println(err)
	// Output: $>0: the pattern /json/$>0 needs a first path element
}

func ExampleSelector_Raw() {
	doc := []byte(`{"orders": [{"id": 1, "sum": 5}, {"id": 2, "sum": 50}]}`)
	for _, path := range []string{"orders[1]", "orders[sum > 10].id", "orders[last()].sum", "/none"} {
		s, err := urlpattern.ParseSelector(path)
		if err != nil {
			fmt.Println(err)
			return
		}
		raw, ok := s.Raw(doc)
		fmt.Println(string(raw), ok)
	}
	// Output:
	// {"id": 2, "sum": 50} true
	// [2] true
	// 50 true
	//  false
}
