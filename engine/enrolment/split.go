package enrolment

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// ArmOf is the arm of a split that a person goes down: that in whose share of the
// line from 0 to 1 the person's number falls, the arms laid end to end in the order
// written, each as long as its weight. The number is the first eight bytes of
// SHA-256(salt "/" person) as a fraction of 2^64, so the same person comes into
// the same arm again, and splits with different salts are independent of each
// other (Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments, 2020,
// chapter 4). It is -1 for a split in which no arm has weight.
func ArmOf(salt string, arms []campaign.Arm, person int64) int {
	total := 0.0
	for _, a := range arms {
		total += max(0, a.Weight)
	}
	if total <= 0 {
		return -1
	}
	at := fraction(salt, person) * total
	last, sum := -1, 0.0
	for i, a := range arms {
		if a.Weight <= 0 {
			continue
		}
		if sum += a.Weight; at < sum {
			return i
		}
		last = i // where the sum has lost a little to rounding
	}
	return last
}

// fraction is a person's number, in [0, 1).
func fraction(salt string, person int64) float64 {
	h := sha256.Sum256(append([]byte(salt+"/"), strconv.FormatInt(person, 10)...))
	const bits = 53 // of a float64: more would round up to 1
	return float64(binary.BigEndian.Uint64(h[:8])>>(64-bits)) / (1 << bits)
}

// saltOf is what the arms of a split hang on: what it says, else the journey and
// the first label that the split ever had.
func saltOf(j *campaign.Journey, s *campaign.Split) string {
	if s.Salt != "" {
		return s.Salt
	}
	return j.Address().String() + ".step." + j.Origin(s.Name)
}
