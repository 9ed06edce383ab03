#!/bin/bash
# F2: SIGTERM stops the daemon within five seconds and leaves the jobs running; the next daemon has them.
# layouts: unified hybrid
# shellcheck source=SCRIPTDIR/../guest/case.sh
source "$(dirname "$0")/../guest/case.sh"

start_daemon '{"admission": {"mode": "none"}}'
id=$(submit --chdir "$state" --env LAB_MARK=survivor -- bash -c 'until [[ -e go ]]; do sleep 0.1; done; exit 5')
wait_until 30 "the job runs" at_least_marked survivor 1

before=$SECONDS
stop_daemon TERM || fail "exit code after SIGTERM: $?"
((SECONDS - before <= 5)) || fail "SIGTERM took $((SECONDS - before)) s"
at_least_marked survivor 1 || fail "the job died with the daemon"

restart_daemon
equal "state after the restart" running "$(job "$id" .state)"
touch "$state/go"
wait_for_state "$id" finished
equal "exit code" 5 "$(job "$id" .exit_code)"
expect_nothing_left
