#!/bin/bash
# When the pool is full one job dies, within its own limit; that is told apart from a job that met its own.
# layouts: unified hybrid
# limit: 90 s
# shellcheck source=SCRIPTDIR/../guest/case.sh
source "$(dirname "$0")/../guest/case.sh"

start_daemon '{"admission": {"mode": "none"}, "pool": {"memory_max": "96MiB"}}'
small=$(submit --limit-memory 64MiB -- "$jobs/hold-memory" 8M)
big=$(submit --limit-memory 1GiB --env LAB_MARK=big -- "$jobs/hold-memory" 160M)

wait_for_state "$big" finished 60
equal "outcome" oom_killed "$(job "$big" .outcome)"
equal "whose limit" pool_limit "$(job "$big" .oom)"
wait_until 10 "all of the job is dead" none_marked big
equal "the smaller job" running "$(job "$small" .state)"

headroom cancel "$small"
wait_for_state "$small" finished
expect_nothing_left
