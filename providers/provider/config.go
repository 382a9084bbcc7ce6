package provider

import (
	"fmt"
	"math"
	"time"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// String is the named setting, or otherwise where it is not set.
func (c Config) String(name, otherwise string) (string, error) {
	return setting(c, name, otherwise, "a string")
}

// Bool is the named setting, or otherwise where it is not set.
func (c Config) Bool(name string, otherwise bool) (bool, error) {
	return setting(c, name, otherwise, "true or false")
}

// Int is the named setting, or otherwise where it is not set. It refuses what
// is no whole number from low to high.
func (c Config) Int(name string, otherwise, low, high int) (int, error) {
	f, err := setting(c, name, float64(otherwise), "a number")
	if err != nil {
		return 0, err
	}
	if f != math.Trunc(f) || f < float64(low) || f > float64(high) {
		return 0, fmt.Errorf("%s is %v: it must be a whole number from %d to %d", name, f, low, high)
	}
	return int(f), nil
}

// Duration is the named setting, or otherwise where it is not set.
func (c Config) Duration(name string, otherwise time.Duration) (time.Duration, error) {
	s, err := setting(c, name, "", "a duration")
	if err != nil || s == "" {
		return otherwise, err
	}
	d, err := campaign.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

// setting reads a value of the type that the schema promises. The value itself
// is never told: it may be a secret.
func setting[T any](c Config, name string, otherwise T, want string) (T, error) {
	raw, ok := c.Values[name]
	if !ok || raw == nil {
		return otherwise, nil
	}
	v, ok := raw.(T)
	if !ok {
		return otherwise, fmt.Errorf("%s must be %s", name, want)
	}
	return v, nil
}
