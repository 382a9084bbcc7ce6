package enrolment

import (
	"math/bits"
	"slices"
)

// fewest is how many people of a page are kept as a list; of more, a bit each is
// smaller.
const fewest = 4096

// people is a set of people: for each 65,536 numbers a short list, or a bit each.
type people struct {
	pages []*page // by the number without its lowest 16 bits; nil: nobody
	n     int
}

// page is the part of a set with one number above the lowest 16 bits.
type page struct {
	few  []uint16      // ascending
	many *[1024]uint64 // in place of few
}

// has reports whether a person is in the set.
func (s *people) has(person int64) bool {
	high := int(person >> 16)
	return high < len(s.pages) && s.pages[high] != nil && s.pages[high].has(uint16(person&0xffff))
}

func (p *page) has(low uint16) bool {
	if p.many != nil {
		return p.many[low>>6]&(1<<(low&63)) != 0
	}
	_, ok := slices.BinarySearch(p.few, low)
	return ok
}

// put adds a person, or takes one out.
func (s *people) put(person int64, inside bool) {
	if s.has(person) == inside {
		return
	}
	high, low := int(person>>16), uint16(person&0xffff)
	if n := high + 1 - len(s.pages); n > 0 {
		s.pages = append(s.pages, make([]*page, n)...)
	}
	if s.pages[high] == nil {
		s.pages[high] = &page{}
	}
	p := s.pages[high]
	if inside {
		p.add(low)
		s.n++
	} else {
		p.remove(low)
		s.n--
	}
}

func (p *page) add(low uint16) {
	if p.many == nil && len(p.few) == fewest {
		p.many = new([1024]uint64)
		for _, l := range p.few {
			p.many[l>>6] |= 1 << (l & 63)
		}
		p.few = nil
	}
	if p.many != nil {
		p.many[low>>6] |= 1 << (low & 63)
		return
	}
	i, _ := slices.BinarySearch(p.few, low)
	p.few = slices.Insert(p.few, i, low)
}

func (p *page) remove(low uint16) {
	if p.many != nil {
		p.many[low>>6] &^= 1 << (low & 63)
		return
	}
	if i, ok := slices.BinarySearch(p.few, low); ok {
		p.few = slices.Delete(p.few, i, i+1)
	}
}

// list is everybody in the set, ascending.
func (s *people) list() []int64 {
	out := make([]int64, 0, s.n)
	for high, p := range s.pages {
		if p != nil {
			out = p.appendTo(out, int64(high)<<16)
		}
	}
	return out
}

func (p *page) appendTo(out []int64, base int64) []int64 {
	for _, low := range p.few {
		out = append(out, base+int64(low))
	}
	if p.many == nil {
		return out
	}
	for i, word := range p.many {
		for ; word != 0; word &= word - 1 {
			out = append(out, base+int64(i*64+bits.TrailingZeros64(word)))
		}
	}
	return out
}
