package campaign

// Expressions are all expressions of a definition, in the order of its parts. They
// are its own: a change to one changes the definition.
func Expressions(def Definition) []*Expr {
	var out []*Expr
	add := func(all ...*Expr) {
		for _, e := range all {
			if e != nil {
				out = append(out, e)
			}
		}
	}
	bindings := func(with []Binding) {
		for i := range with {
			add(&with[i].Value)
		}
	}
	switch d := def.(type) {
	case *Trait:
		add(&d.Value)
	case *Segment:
		add(&d.When)
	case *Content:
		add(casesOf(d)...)
	case *Message:
		for i := range d.Blocks {
			add(casesOf(&d.Blocks[i])...)
		}
	case *Broadcast:
		add(&d.Audience)
		bindings(d.With)
	case *Journey:
		add(triggerExpressions(d.Trigger)...)
		add(d.ExitWhen, d.GoalWhen)
		d.Steps.Walk(func(s Step) {
			switch s := s.(type) {
			case *Send:
				bindings(s.With)
			case *Update:
				bindings(s.Set)
			case *Emit:
				bindings(s.With)
			case *Enter:
				bindings(s.With)
			case *Call:
				bindings(s.Query)
				bindings(s.Body)
			case *Wait:
				add(s.Until, s.Delay, s.At)
			case *Branch:
				for _, c := range s.Cases {
					add(c.When)
				}
			}
		})
	case *Source:
		add(d.Where, d.Key, d.At, d.Person.ID, d.Person.AnonymousID, d.Person.Email, d.Person.Phone)
		bindings(d.Map)
		for i := range d.Consents {
			c := &d.Consents[i]
			add(&c.Subscribed, &c.At, &c.Proof)
		}
	}
	return out
}

func casesOf(c *Content) []*Expr {
	var out []*Expr
	for _, one := range c.Cases {
		out = append(out, one.When)
	}
	return out
}

func triggerExpressions(t Trigger) []*Expr {
	switch {
	case t.Event != nil:
		return []*Expr{t.Event.Items, t.Event.Key, t.Event.Where}
	case t.Date != nil:
		return []*Expr{&t.Date.Date}
	case t.Schedule != nil:
		return []*Expr{&t.Schedule.Audience}
	case t.Catalog != nil:
		return []*Expr{t.Catalog.Where, &t.Catalog.People}
	}
	return nil
}
