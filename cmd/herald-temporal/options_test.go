package main

import (
	"flag"
	"io"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
)

func TestParseOptions(t *testing.T) {
	opts, err := parseOptions([]string{
		"-addr", "localhost:7000", "-ui-addr", "[::1]:0", "-namespace", "campaigns", "-data", "d",
		"-search-attribute", "B=KeywordList", "-search-attribute", "A=Int", "-search-attribute", "A=Int",
		"-log-level", "error", "-ready-file", "r", "-exit-on-stdin-eof",
	}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, options{
		frontend:  netip.MustParseAddrPort("127.0.0.1:7000"),
		ui:        netip.MustParseAddrPort("[::1]:0"),
		namespace: "campaigns",
		dataDir:   "d",
		attributes: searchAttributes{
			"A": enumspb.INDEXED_VALUE_TYPE_INT,
			"B": enumspb.INDEXED_VALUE_TYPE_KEYWORD_LIST,
		},
		logLevel:       "error",
		readyFile:      "r",
		exitOnStdinEOF: true,
	}, opts)
	require.Equal(t, "A=Int,B=KeywordList", opts.attributes.String())

	opts, err = parseOptions([]string{"-ui-addr", ""}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:7233", opts.frontend.String())
	require.False(t, opts.ui.IsValid())

	opts, err = parseOptions([]string{"-addr", "0.0.0.0:7233", "-allow-remote"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:7233", dialable(opts.frontend))

	_, err = parseOptions([]string{"-help"}, io.Discard)
	require.ErrorIs(t, err, flag.ErrHelp)
}

func TestParseOptionsRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"remote frontend":   {[]string{"-addr", "10.1.2.3:7233"}, "-addr 10.1.2.3:7233 is not a loopback address"},
		"every interface":   {[]string{"-addr", "0.0.0.0:7233"}, "pass -allow-remote on a network where that is meant"},
		"every interface 6": {[]string{"-ui-addr", "[::]:8233"}, "-ui-addr [::]:8233 is not a loopback address"},
		"host name":         {[]string{"-addr", "example.org:7233"}, "must be an IP address and a port"},
		"no port":           {[]string{"-ui-addr", "127.0.0.1"}, "must be an IP address and a port"},
		"same port":         {[]string{"-addr", "127.0.0.1:7000", "-ui-addr", "127.0.0.1:7000"}, "are both 127.0.0.1:7000"},
		"both stores":       {[]string{"-ephemeral", "-data", "d"}, "exclude each other"},
		"no namespace":      {[]string{"-namespace", ""}, "-namespace is empty"},
		"log level":         {[]string{"-log-level", "loud"}, "must be one of debug, info, warn, error"},
		"attribute type":    {[]string{"-search-attribute", "A=Number"}, "must be one of Bool, Datetime, Double, Int, Keyword, KeywordList, Text"},
		"attribute form":    {[]string{"-search-attribute", "A"}, "must be Name=Type"},
		"attribute twice":   {[]string{"-search-attribute", "A=Int", "-search-attribute", "A=Bool"}, "A is given twice, as Int and as Bool"},
		"argument":          {[]string{"start"}, `argument "start" is not understood`},
		"unknown flag":      {[]string{"-port", "1"}, "flag provided but not defined"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseOptions(test.args, io.Discard)
			require.ErrorContains(t, err, test.want)
			require.ErrorAs(t, err, new(usageError))
		})
	}
}
