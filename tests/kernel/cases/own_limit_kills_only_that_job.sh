#!/bin/bash
# F52: a job that takes more than its limit dies alone, all of it, and it is told whose limit it was.
# layouts: unified hybrid
# shellcheck source=SCRIPTDIR/../guest/case.sh
source "$(dirname "$0")/../guest/case.sh"

start_daemon '{"admission": {"mode": "none"}}'
neighbour=$(submit --limit-memory 64MiB -- "$jobs/hold-memory" 8M)
liar=$(submit --memory 8MiB --limit-memory 24MiB --env LAB_MARK=liar -- "$jobs/hold-memory" 96M)

wait_for_state "$liar" finished 60
equal "outcome" oom_killed "$(job "$liar" .outcome)"
equal "whose limit" job_limit "$(job "$liar" .oom)"
wait_until 10 "all of the job is dead" none_marked liar
(($(job "$liar" .usage.peak_memory_bytes) >= 23 << 20)) || fail "peak of a killed job: $(job "$liar" .usage.peak_memory_bytes)"
equal "neighbour" running "$(job "$neighbour" .state)"

code=0
headroom run --limit-memory 24MiB -- "$jobs/hold-memory" 96M || code=$?
equal "exit code of run for a job that signal 9 ended" 137 "$code"

headroom cancel "$neighbour"
wait_for_state "$neighbour" finished
expect_nothing_left
