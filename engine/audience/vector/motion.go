package vector

import "math"

// motion is how a number moves as long as nothing comes or goes: after a time t it
// is fixed + slope·t + the sum of each of parts, size·2^(-t/half). Times are in
// nanoseconds.
type motion struct {
	fixed, slope float64
	parts        [maxParts]fading
	n            int // parts in use

	mass  float64 // sum of what went into fixed, without signs: what rounding is measured by
	steps float64 // how many values were added up
	loose bool    // it moves otherwise
}

// maxParts is how many half-lives a motion can tell apart.
const maxParts = 3

// fading is what fades with one half-life.
type fading struct {
	half float64 // in nanoseconds
	size float64
	mass float64 // sum of what went into size, without signs
}

func still(v float64) motion { return motion{fixed: v, mass: math.Abs(v), steps: 1} }

func (m *motion) moves() bool { return m.loose || m.slope != 0 || m.n > 0 }

// fades adds a part.
func (m *motion) fades(p fading) {
	for i := range m.n {
		if q := &m.parts[i]; q.half == p.half {
			q.size += p.size
			q.mass += p.mass
			return
		}
	}
	if m.n == maxParts {
		m.loose = true
		return
	}
	m.parts[m.n] = p
	m.n++
}

// plus adds by times o.
func (m *motion) plus(o *motion, by float64) {
	m.fixed += by * o.fixed
	m.slope += by * o.slope
	m.mass += math.Abs(by) * o.mass
	m.steps += o.steps
	m.loose = m.loose || o.loose
	for _, p := range o.parts[:o.n] {
		m.fades(fading{p.half, by * p.size, math.Abs(by) * p.mass})
	}
}

// times multiplies by what stands still.
func (m *motion) times(o *motion) motion {
	var out motion
	out.plus(m, o.fixed)
	out.steps += o.steps
	out.mass = m.mass * o.mass
	for i := range out.n {
		out.parts[i].mass = m.parts[i].mass * o.mass
	}
	return out
}

// over divides. What fades with one half-life keeps its ratio.
func (m *motion) over(o *motion) motion {
	switch {
	case !o.moves():
		by := still(1 / o.fixed)
		by.mass, by.steps = math.Abs(by.fixed)*o.mass/math.Abs(o.fixed), o.steps
		out := m.times(&by)
		out.loose = out.loose || o.fixed == 0
		return out
	case m.fadesAlone() && o.fadesAlone() && m.parts[0].half == o.parts[0].half && o.parts[0].size != 0:
		return still(m.parts[0].size / o.parts[0].size)
	case !m.moves() && m.fixed == 0 && o.fadesAlone() && o.parts[0].size != 0:
		return still(0)
	}
	return motion{loose: true}
}

// fadesAlone reports whether all of it fades with one half-life.
func (m *motion) fadesAlone() bool {
	return !m.loose && m.slope == 0 && m.n == 1 && m.fixed == 0 && m.mass == 0
}

// rounding is how far, in relation to what was added up, the sum may be off.
func (m *motion) rounding() float64 { return (m.steps + 32) * 0x1p-52 }

// at is the value after a time, and how far rounding may take it from that.
func (m *motion) at(t float64) (v, off float64) {
	v, off = m.fixed+m.slope*t, m.mass+math.Abs(m.slope*t)
	for _, p := range m.parts[:m.n] {
		fade := math.Exp2(-t / p.half)
		v += p.size * fade
		off += p.mass * fade
	}
	return v, off * m.rounding()
}

// apart is a time for which the sign of m cannot change, as far as rounding goes;
// infinite where it never does. It is the root of a bound from below that has one
// half-life, taken again and again from where it leads to, so that it comes to the
// root of m itself; sure is false where it has not come there.
func (m *motion) apart() (t float64, sure bool) {
	if m.fadesAlone() {
		return math.Inf(1), true
	}
	rest := *m
	if v, _ := m.at(0); v < 0 {
		rest = motion{}
		rest.plus(m, -1)
	}
	rounding := m.rounding()
	for range 64 {
		step := rest.bound(rounding)
		if step == 0 || math.IsInf(step, 1) {
			return t + step, true
		}
		t += step
		if rest.n+signs(rest.slope) <= 1 {
			return t, true
		}
		rest.fixed += rest.slope * step
		rest.mass += math.Abs(rest.slope * step)
		for i := range rest.n {
			fade := math.Exp2(-step / rest.parts[i].half)
			rest.parts[i].size *= fade
			rest.parts[i].mass *= fade
		}
	}
	return t, false
}

func signs(v float64) int {
	if v != 0 {
		return 1
	}
	return 0
}

// bound is a time for which a motion that is not below zero stays above it.
func (m *motion) bound(rounding float64) float64 {
	base, falling, steep, half := m.fixed-rounding*m.mass, 0.0, 0.0, math.Inf(1)
	rising := m.n == 1 && m.slope == 0
	for _, p := range m.parts[:m.n] {
		switch low := p.size - rounding*p.mass; {
		case low > 0:
			falling += low
			steep += low * math.Ln2 / p.half
			half = min(half, p.half)
		case rising: // to base
			if base+low > 0 {
				return math.Inf(1)
			}
			return 0
		default:
			base += low
		}
	}
	switch {
	case base+falling <= 0:
		return 0
	case base >= 0 && m.slope >= 0:
		return math.Inf(1)
	case falling == 0:
		return base / -m.slope
	}
	tangent := (base + falling) / (steep - m.slope) // lies below a sum of what fades
	if base < 0 && m.slope >= 0 {
		return max(tangent, half*math.Log2(falling/-base))
	}
	return tangent
}
