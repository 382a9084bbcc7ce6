package provider_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/herald-campaigns/herald/providers/provider"
)

func TestErrors(t *testing.T) {
	cause := errors.New("refused at RCPT")
	e := &provider.Error{Class: provider.Permanent, Code: "550 5.1.1", Err: cause}
	require.Equal(t, "permanent (550 5.1.1): refused at RCPT", e.Error())
	require.ErrorIs(t, e, cause)
	require.Same(t, e, provider.Classify(fmt.Errorf("delivering: %w", e)))
	require.Equal(t, "throttled: refused at RCPT", (&provider.Error{Class: provider.Throttled, Err: cause}).Error())

	plain := provider.Classify(cause)
	require.Equal(t, provider.Unknown, plain.Class, "of an error without a class nothing can be ruled out")
	require.ErrorIs(t, plain, cause)
	require.Equal(t, "transient", provider.Transient.String())
	require.Equal(t, "unknown", provider.Class(200).String())
}

func TestSettings(t *testing.T) {
	c := provider.Config{Values: map[string]any{
		"host": "smtp.example", "port": 587.0, "half": 2.5, "strict": true, "timeout": "1m30s", "soon": "soon", "nothing": nil,
	}}
	s, err := c.String("host", "x")
	require.NoError(t, err)
	require.Equal(t, "smtp.example", s)
	s, err = c.String("nothing", "x")
	require.NoError(t, err)
	require.Equal(t, "x", s)
	n, err := c.Int("port", 25, 1, 65535)
	require.NoError(t, err)
	require.Equal(t, 587, n)
	n, err = c.Int("missing", 25, 1, 65535)
	require.NoError(t, err)
	require.Equal(t, 25, n)
	b, err := c.Bool("strict", false)
	require.NoError(t, err)
	require.True(t, b)
	d, err := c.Duration("timeout", time.Second)
	require.NoError(t, err)
	require.Equal(t, 90*time.Second, d)
	d, err = c.Duration("missing", time.Second)
	require.NoError(t, err)
	require.Equal(t, time.Second, d)

	for _, ask := range []func() error{
		func() error { _, err := c.String("port", ""); return err },
		func() error { _, err := c.Int("half", 1, 1, 9); return err },
		func() error { _, err := c.Int("port", 1, 1, 9); return err },
		func() error { _, err := c.Int("host", 1, 1, 9); return err },
		func() error { _, err := c.Bool("host", true); return err },
		func() error { _, err := c.Duration("soon", time.Second); return err },
		func() error { _, err := c.Duration("port", time.Second); return err },
	} {
		err := ask()
		require.Error(t, err)
		require.NotContains(t, err.Error(), "smtp.example", "a setting may be a secret")
	}
}
