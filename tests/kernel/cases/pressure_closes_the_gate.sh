#!/bin/bash
# Memory pressure closes the gate, by the kernel's trigger; what is submitted then waits for it; once it is quiet it opens.
# The stall is a job that grows past its memory.high without swap (v1: that re-reads files under a limit too small for them).
# layouts: unified hybrid
# limit: 180 s
# shellcheck source=SCRIPTDIR/../guest/case.sh
source "$(dirname "$0")/../guest/case.sh"

gate() { headroom status --json | jq -r "$1"; }
gate_is() { [[ $(gate .gate.position) == "$1" ]]; }
waits_for_the_gate() { [[ $(job "$1" .decision.reason) == gate* ]]; }

# policy TICK
policy() {
  echo '{"tick": "'"$1"'", "admission": {"stale_after": "2m"},
         "gate": {"quiet": "2s", "memory_some": {"open": 5, "closing": 6, "close": 8}, "memory_full": null},
         "requests": {"default": {"memory": "1%", "cpu": "1%", "pids": 8}}, "jobs": {"memory_high": 0.25}}'
}

# A minute between two looks of its own: what closes the gate before that is the kernel's trigger.
start_daemon "$(policy 1m)"
wait_until 20 "the gate is open" gate_is open

if [[ $LAB_CGROUP == unified ]]; then
  stalled=$(submit --limit-memory 64MiB -- "$jobs/hold-memory" 48M)
else
  stalled=$(submit --limit-memory 8MiB -- "$jobs/thrash-files")
fi
wait_for_state "$stalled" running
wait_until 40 "the gate is closed" gate_is closed
equal "what closed it" memory "$(gate .gate.cause.resource)"

late=$(submit -- true)
wait_until 10 "the job waits for the gate" waits_for_the_gate "$late"

policy 1s >"$state/policy.json"
headroom policy reload
headroom cancel "$stalled"
wait_until 90 "the gate is open again" gate_is open
wait_for_state "$late" finished
equal "the job that waited" succeeded "$(job "$late" .outcome)"
expect_nothing_left
