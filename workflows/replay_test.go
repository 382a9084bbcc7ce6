package workflows

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"github.com/herald-campaigns/herald/dsl/campaign"
	"github.com/herald-campaigns/herald/engine/journey"
)

// recorded are the definitions of the recorded histories.
func recorded(t *testing.T) known {
	return cast(t, reference(), winding(), clicking())
}

// TestRecordedHistoriesReplay guards every change to workflow code: runs that are
// under way go on. What must change is versioned; new histories are recorded by
// `go test ./workflows -run . -record`.
func TestRecordedHistoriesReplay(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(histories, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files, "there must be histories: record some")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			l := defaultLimits
			if strings.HasPrefix(filepath.Base(file), "click-") {
				l = soonFull
			}
			require.NoError(t, replay(recorded(t), l, file))
		})
	}
}

// TestAChangedDefinitionDoesNotReplay makes sure that the guard bites.
func TestAChangedDefinitionDoesNotReplay(t *testing.T) {
	other := reference()
	other.Steps = other.Steps[1:]
	p, err := journey.Compile(other)
	require.NoError(t, err)
	changed := known{digestOf(reference()): p}
	err = replay(changed, defaultLimits, filepath.Join(histories, "reference-1000.json"))
	require.ErrorContains(t, err, "TMPRL1100", "the SDK's code for non-determinism")
}

func replay(d Definitions, l limits, file string) error {
	r := worker.NewWorkflowReplayer()
	register(r, &library{d, l})
	return r.ReplayWorkflowHistoryFromJSONFile(newLogger(quiet), file)
}

// soonFull are the limits under which histories of clicks were recorded.
var soonFull = limits{signals: 25, updates: 1800, heartbeat: 35 * time.Second}

// clicking waits for a click.
func clicking() *campaign.Journey {
	return &campaign.Journey{Name: "click", Steps: campaign.Steps{
		&campaign.Wait{Name: "w1", Until: condition(), Timeout: 30 * day}, &campaign.Send{Name: "s1"}}}
}
