package expr

import "github.com/dop251/goja/ast"

// bind adds the names that a parameter declares.
func (r *rewriter) bind(target ast.Expression, names map[string]bool) error {
	switch t := target.(type) {
	case *ast.Identifier:
		name := t.Name.String()
		if forbidden[name] || constants[name] || name[0] == '$' {
			return r.fault(t.Idx, "%s cannot be the name of a parameter: choose another", name)
		}
		names[name] = true
		return nil
	case *ast.AssignExpression:
		return r.bind(t.Left, names)
	case *ast.ObjectPattern:
		if t.Rest != nil {
			return r.fault(t.Rest.Idx0(), "the rest of an object: name each member")
		}
		for _, p := range t.Properties {
			if err := r.bindProperty(p, names); err != nil {
				return err
			}
		}
		return nil
	case *ast.ArrayPattern:
		if t.Rest != nil {
			return r.fault(t.Rest.Idx0(), "the rest of a list: write slice")
		}
		for _, e := range t.Elements {
			if e == nil {
				continue
			}
			if err := r.bind(e, names); err != nil {
				return err
			}
		}
		return nil
	}
	return r.refuse(target)
}

func (r *rewriter) bindProperty(p ast.Property, names map[string]bool) error {
	switch p := p.(type) {
	case *ast.PropertyShort:
		return r.bind(&p.Name, names)
	case *ast.PropertyKeyed:
		key, ok := p.Key.(*ast.StringLiteral)
		if !ok || p.Computed || inherited[key.Value.String()] {
			return r.fault(p.Key.Idx0(), "a parameter takes a member by its plain name")
		}
		return r.bind(p.Value, names)
	}
	return r.refuse(p)
}

// defaults rewrites the values that a parameter has where nothing is given.
func (r *rewriter) defaults(target ast.Expression) error {
	switch t := target.(type) {
	case *ast.Binding:
		if t.Initializer != nil {
			if err := r.each(&t.Initializer); err != nil {
				return err
			}
		}
		return r.defaults(t.Target)
	case *ast.AssignExpression:
		if err := r.each(&t.Right); err != nil {
			return err
		}
		return r.defaults(t.Left)
	case *ast.ObjectPattern:
		return r.propertyDefaults(t)
	case *ast.ArrayPattern:
		for _, e := range t.Elements {
			if e == nil {
				continue
			}
			if err := r.defaults(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *rewriter) propertyDefaults(t *ast.ObjectPattern) error {
	for _, p := range t.Properties {
		switch p := p.(type) {
		case *ast.PropertyShort:
			if inherited[p.Name.Name.String()] {
				return r.fault(p.Name.Idx, "%s cannot be taken from a value here: read it as a member", p.Name.Name)
			}
			if p.Initializer != nil {
				if err := r.each(&p.Initializer); err != nil {
					return err
				}
			}
		case *ast.PropertyKeyed:
			if err := r.defaults(p.Value); err != nil {
				return err
			}
		}
	}
	return nil
}
