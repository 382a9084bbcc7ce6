package workflows

import (
	"fmt"
	"maps"

	"go.temporal.io/sdk/temporal"

	"github.com/herald-campaigns/herald/dsl/campaign"
)

// The names by which workflows are started and addressed.
const (
	journeyWorkflow   = "Journey"
	broadcastWorkflow = "Broadcast"
	tickWorkflow      = "Tick"

	reactSignal   = "react"
	cancelUpdate  = "cancel"
	exitUpdate    = "exit"
	pauseUpdate   = "pause"
	resumeUpdate  = "resume"
	migrateUpdate = "migrate"
	stepsQuery    = "steps"
)

// The names of activities, as the Temporal UI shows them.
const (
	decideActivity    = "Decide"
	sendActivity      = "Send"
	actActivity       = "Act"
	progressActivity  = "Progress"
	broadcastActivity = "SendBroadcast"
	endRunActivity    = "EndRun"
	planActivity      = "Plan"
)

// The search attributes of every run.
var (
	attrKind      = temporal.NewSearchAttributeKeyKeyword("HeraldKind")      // "journey", "broadcast", "tick"
	attrJourney   = temporal.NewSearchAttributeKeyKeyword("HeraldJourney")   // its label
	attrBroadcast = temporal.NewSearchAttributeKeyKeyword("HeraldBroadcast") // its label
	attrRevision  = temporal.NewSearchAttributeKeyKeyword("HeraldRevision")  // digest of the definition, shortened
	attrCohort    = temporal.NewSearchAttributeKeyKeyword("HeraldCohort")    // ID of the cohort or run in the store
	attrStatus    = temporal.NewSearchAttributeKeyKeyword("HeraldStatus")    // "running", "paused", "finished", "cancelled"
)

var attributeTypes = map[string]string{
	attrKind.GetName(): "Keyword", attrJourney.GetName(): "Keyword", attrBroadcast.GetName(): "Keyword",
	attrRevision.GetName(): "Keyword", attrCohort.GetName(): "Keyword", attrStatus.GetName(): "Keyword",
}

// SearchAttributes are the names and types that a server must know before
// anything is started on it.
func SearchAttributes() map[string]string { return maps.Clone(attributeTypes) }

// The values of HeraldStatus.
const (
	statusRunning   = "running"
	statusPaused    = "paused"
	statusFinished  = "finished"
	statusCancelled = "cancelled"
)

// maxKeyword bounds a value of a search attribute. A server that gets a longer
// one than it can hold (255 bytes on SQL, 2,048 elsewhere) ends the run.
const maxKeyword = 255

// keyword is one search attribute with its value.
type keyword struct {
	key   temporal.SearchAttributeKeyKeyword
	value string
}

// attributes checks the size of each value, and of an ID that goes with them.
func attributes(id string, list ...keyword) (temporal.SearchAttributes, error) {
	updates := make([]temporal.SearchAttributeUpdate, len(list))
	for i, kw := range append(list, keyword{value: id}) {
		if len(kw.value) > maxKeyword {
			return temporal.SearchAttributes{}, fmt.Errorf("%q is longer than the %d bytes that Temporal can search: give the campaign a shorter name",
				kw.value[:40]+"…", maxKeyword)
		}
		if i < len(list) {
			updates[i] = kw.key.ValueSet(kw.value)
		}
	}
	return temporal.NewSearchAttributes(updates...), nil
}

func runAttributes(id, kind string, name keyword, definition campaign.Digest) (temporal.SearchAttributes, error) {
	return attributes(id, keyword{attrKind, kind}, name, keyword{attrRevision, definition.Short()},
		keyword{attrCohort, id}, keyword{attrStatus, statusRunning})
}
