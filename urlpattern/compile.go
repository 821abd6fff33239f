package urlpattern

import "strings"

// target is a pattern as Expand walks over it: its literals are split and
// decoded.
type target struct {
	path    []piece
	query   []piece
	literal []string // the leading segments without a code
	slots   int      // how many segments there are if each code makes one
}

// piece is a literal part of a segment or a code, with the slash before it if
// one is there; a slash at the end is a piece with an empty literal. In a query
// it is a literal or a code.
type piece struct {
	slash bool
	text  string // decoded; as it is in a query
	at    int    // in the pattern
	code  *code
	alone bool // it is all there is of its segment
}

// compile makes the target, and checks the literals as ParsePath would.
func (p *Pattern) compile() error {
	c := &compiler{target: &p.target, leading: true}
	for i, part := range p.path {
		if part.code != nil {
			if err := c.code(part.code); err != nil {
				return err
			}
			continue
		}
		literal, at := part.literal, part.at
		if i == 0 {
			var err error
			if literal, err = p.cutOrigin(literal); err != nil {
				return err
			}
			at += len(part.literal) - len(literal)
		}
		pieces, err := literalPieces(literal, at)
		if err != nil {
			return err
		}
		for _, piece := range pieces {
			if err := c.add(piece); err != nil {
				return err
			}
		}
	}
	if err := c.end(); err != nil {
		return err
	}
	p.target.markAlone()
	for _, part := range p.query {
		if hash := strings.IndexByte(part.literal, '#'); hash >= 0 {
			return fragmentFault(part.at + hash)
		}
		p.target.query = append(p.target.query, piece{text: legalQuery(part.literal), code: part.code})
	}
	return nil
}

// markAlone finds the pieces that are segments.
func (t *target) markAlone() {
	for i := range t.path {
		piece := &t.path[i]
		begins := i == 0 || piece.slash
		ends := i+1 == len(t.path) || t.path[i+1].slash
		piece.alone = begins && ends && (piece.text == "") != (piece.code == nil)
	}
}

// compiler adds pieces to a target and checks each segment that is a literal as
// a whole.
type compiler struct {
	*target
	open    string // the literals of the segment at hand
	at      int    // where they begin
	coded   bool   // it has a code
	leading bool   // no code came yet
}

func (c *compiler) code(code *code) error {
	if f := code.fallback; f != nil && f.element == nil {
		var err error
		if f.pieces, err = literalPieces(f.text, f.at); err != nil {
			return err
		}
	}
	c.coded, c.leading = true, false
	if last := len(c.path) - 1; last >= 0 && c.path[last].text == "" && c.path[last].code == nil {
		c.path[last].code = code
	} else {
		c.path = append(c.path, piece{code: code})
	}
	return nil
}

func (c *compiler) add(p piece) error {
	if p.slash {
		if err := c.end(); err != nil {
			return err
		}
	}
	if p == (piece{slash: true, at: p.at}) && c.path == nil {
		return nil // the slash at the beginning says nothing
	}
	c.path = append(c.path, p)
	if c.open == "" {
		c.at = p.at
	}
	c.open += p.text
	return nil
}

// end closes the segment at hand.
func (c *compiler) end() error {
	if !c.coded && c.open != "" {
		if _, reason := segmentFault(c.open); reason != "" {
			return &SyntaxError{Offset: c.at, Message: reason}
		}
		if c.leading {
			c.literal = append(c.literal, c.open)
		}
	}
	if c.coded || c.open != "" {
		c.slots++
	}
	c.open, c.coded = "", false
	return nil
}

// literalPieces splits a literal on its slashes and decodes what is between
// them. It begins at byte at of the pattern.
func literalPieces(literal string, at int) ([]piece, error) {
	if i := strings.IndexAny(literal, "?#"); i >= 0 {
		if literal[i] == '#' {
			return nil, fragmentFault(at + i)
		}
		return nil, &SyntaxError{Offset: at + i, Message: "a question mark in a default: write %3F"}
	}
	var pieces []piece
	texts := strings.Split(literal, "/")
	for i, text := range texts {
		if text == "" && i > 0 && i < len(texts)-1 {
			return nil, &SyntaxError{Offset: at, Message: "an empty segment: write one slash between two segments"}
		}
		decoded, err := unescape(text, at)
		if err != nil {
			return nil, syntaxFault(0, err)
		}
		if decoded != "" || i > 0 {
			pieces = append(pieces, piece{slash: i > 0, text: decoded, at: at})
		}
		at += len(text) + 1
	}
	return pieces, nil
}

func fragmentFault(at int) error {
	return &SyntaxError{Offset: at, Message: "a fragment is not sent: leave it out, or write %23 for the character #"}
}
