package schema

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed90475182/restspace/urlpattern"
)

// pathPattern reads the member of that name of a schema: a pattern such as
// "${email}", which makes the name of a document of its values. It is nil where
// there is none.
func pathPattern(schema any) (*urlpattern.Pattern, error) {
	object, _ := schema.(map[string]any)
	value, ok := object["pathPattern"]
	if !ok {
		return nil, nil
	}
	text, ok := value.(string)
	if !ok || text == "" || strings.ContainsAny(text, "/?#") {
		return nil, faultOfName(`is no pattern of a name: write one without slashes, such as "${email}"`)
	}
	p, err := urlpattern.ParseText(text)
	if err != nil {
		return nil, faultOfName(err.Error())
	}
	args := p.Args()
	if len(args) == 0 {
		return nil, faultOfName(`has no code, so that all documents would have one name: write one such as "${email}"`)
	}
	for _, arg := range args {
		if arg.Source != urlpattern.FromBody {
			return nil, faultOfName(fmt.Sprintf("%s is no value of the document: write one such as ${email}", arg.Code))
		}
	}
	_, err = p.Expand(&urlpattern.Values{Body: []byte("{}")})
	if _, ok := errors.AsType[*urlpattern.SyntaxError](err); ok {
		return nil, faultOfName(err.Error())
	}
	return p, nil
}

func faultOfName(detail string) error { return Errors{{Pointer: "/pathPattern", Detail: detail}} }

// Name returns the name that the pathPattern of s makes of a document, which
// satisfies s; "" where s has none. The error says what the document lacks.
func (s *Schema) Name(document []byte) (string, error) {
	if s.name == nil {
		return "", nil
	}
	urls, err := s.name.Expand(&urlpattern.Values{Body: document, Limit: 1})
	switch {
	case err != nil:
		return "", err
	case len(urls) != 1 || len(urls[0].Path) != 1 || urls[0].Dir:
		return "", fmt.Errorf("%s gives no name but a path or nothing", s.name)
	case urls[0].Path[0][0] == '.':
		return "", fmt.Errorf("%s gives a name that begins with a dot", s.name)
	}
	return urls[0].Path[0], nil
}
