#!/bin/bash
# The daemon is killed while jobs run: they go on, and the next daemon knows how each of them really ended.
# layouts: unified hybrid
# limit: 120 s
# shellcheck source=SCRIPTDIR/../guest/case.sh
source "$(dirname "$0")/../guest/case.sh"

# Each waits for a file named after it, after noting that it ran: twice would show.
waits_then() { submit --name "$1" --chdir "$state" -- bash -c "echo ran >>$1.ran; until [[ -e $1.go ]]; do sleep 0.1; done; $2"; }
has_run() { [[ -s $state/$1.ran ]]; }
has_exit_record() { [[ -e $state/state/attempts/$1-1/exit ]]; }

start_daemon '{"admission": {"mode": "none", "max_jobs": null}}'
early=$(waits_then early "exit 7")
signalled=$(waits_then signalled 'kill -USR1 $$')
late=$(waits_then late "exit 9")
cancelled=$(waits_then cancelled "exit 0")
for name in early signalled late cancelled; do wait_until 30 "$name runs" has_run "$name"; done

! stop_daemon KILL || fail "the daemon survived SIGKILL"
touch "$state/early.go" "$state/signalled.go"
wait_until 20 "the shim left an exit record" has_exit_record "$early"
wait_until 20 "the shim left an exit record" has_exit_record "$signalled"

restart_daemon
wait_for_state "$early" finished
wait_for_state "$signalled" finished
equal "code of the job that ended meanwhile" 7 "$(job "$early" .exit_code)"
equal "signal of the job that died meanwhile" 10 "$(job "$signalled" .signal)"
equal "the job that goes on" running "$(job "$late" .state)"

touch "$state/late.go"
wait_for_state "$late" finished
equal "code of the adopted job" 9 "$(job "$late" .exit_code)"
headroom cancel "$cancelled"
wait_for_state "$cancelled" finished
equal "an adopted job can be cancelled" cancelled "$(job "$cancelled" .outcome)"

for name in early signalled late cancelled; do equal "runs of $name" ran "$(<"$state/$name.ran")"; done
expect_nothing_left
