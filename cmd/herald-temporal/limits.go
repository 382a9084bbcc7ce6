package main

import (
	"go.temporal.io/server/common/dynamicconfig"
)

// unthrottled is a rate that one machine cannot reach.
const unthrottled = 1_000_000

// settings are the server's dynamic settings for one small node that serves one
// machine. Those that protect a shared cluster from its tenants are lifted. Those
// that a production cluster would hold workflows to are left as they are, so that
// what runs here runs there: history and payload sizes, signals and updates per
// run, updates in flight. Schedules and updates need no setting; they are on.
func settings() dynamicconfig.Client {
	return dynamicconfig.StaticClient{
		// No word to anyone.
		dynamicconfig.EnableServerVersionCheck.Key(): false,

		// One node: partitions of a task queue would only forward to each other.
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,

		// Requests.
		dynamicconfig.FrontendRPS.Key():                                                unthrottled,
		dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():                         unthrottled,
		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key():               unthrottled,
		dynamicconfig.FrontendMaxConcurrentLongRunningRequestsPerInstance.Key():        unthrottled,
		dynamicconfig.FrontendGlobalNamespaceNamespaceReplicationInducingAPIsRPS.Key(): unthrottled,
		dynamicconfig.HistoryRPS.Key():                                                 unthrottled,
		dynamicconfig.MatchingRPS.Key():                                                unthrottled,
		dynamicconfig.AdminMatchingNamespaceTaskqueueToPartitionDispatchRate.Key():     unthrottled,
		dynamicconfig.SchedulerNamespaceStartWorkflowRPS.Key():                         unthrottled,

		// The database, which SQLite itself slows down when it must.
		dynamicconfig.FrontendPersistenceMaxQPS.Key():        unthrottled,
		dynamicconfig.HistoryPersistenceMaxQPS.Key():         unthrottled,
		dynamicconfig.MatchingPersistenceMaxQPS.Key():        unthrottled,
		dynamicconfig.WorkerPersistenceMaxQPS.Key():          unthrottled,
		dynamicconfig.VisibilityPersistenceMaxReadQPS.Key():  unthrottled,
		dynamicconfig.VisibilityPersistenceMaxWriteQPS.Key(): unthrottled,

		// Memory: the default keeps 128,000 workflows.
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key(): 8192,
	}
}
