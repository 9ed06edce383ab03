#!/bin/bash
# F17: whatever a job forked, wherever it hid, cancel kills it and its cgroup is gone.
# layouts: unified hybrid
# limit: 120 s
# shellcheck source=SCRIPTDIR/../guest/case.sh
source "$(dirname "$0")/../guest/case.sh"

# cancelled NAME PROCESSES COMMAND...: runs the job until it has that many processes, then cancels it.
cancelled() {
  local name=$1 processes=$2 id group
  shift 2
  id=$(submit --limit-pids 40 --env "LAB_MARK=$name" -- "$@")
  wait_until 40 "$name has $processes processes" at_least_marked "$name" "$processes"
  group=$(group unified "jobs/$id-1")
  [[ -e $group/cgroup.procs ]] || fail "$name: no cgroup $group"
  headroom cancel "$id"
  wait_for_state "$id" finished
  equal "$name: outcome" cancelled "$(job "$id" .outcome)"
  equal "$name: processes left" 0 "$(marked "$name")"
  is_gone "$group" || fail "$name: its cgroup is still there"
}

start_daemon '{"admission": {"mode": "none"}}'
cancelled bomb 30 "$jobs/fork-bomb"
cancelled daemoniser 2 "$jobs/daemonise"
cancelled cgroup-maker 3 "$jobs/make-cgroups"
cancelled deaf 2 bash -c 'trap "" TERM INT HUP; sleep infinity & wait'

# A job that ends and leaves a daemon behind ends with its own code, and nothing of it stays (I5).
id=$(submit --env LAB_MARK=leftover -- "$jobs/daemonise" 0)
wait_for_state "$id" finished
equal "outcome of a job that left a daemon" succeeded "$(job "$id" .outcome)"
equal "processes left of it" 0 "$(marked leftover)"
expect_nothing_left
