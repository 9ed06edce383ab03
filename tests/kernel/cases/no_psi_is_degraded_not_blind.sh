#!/bin/bash
# F13: a kernel without PSI: jobs are admitted by what is free, and the daemon says that the gate cannot see.
# layouts: no-psi
# shellcheck source=SCRIPTDIR/../guest/case.sh
source "$(dirname "$0")/../guest/case.sh"

start_daemon '{}'
code=0
headroom run -- bash -c 'exit 6' || code=$?
equal "exit code" 6 "$code"
equal "gate" open "$(headroom status --json | jq -r .gate.position)"
headroom status --json | jq -e '.degraded | any(test("PSI"))' || fail "status does not name PSI as missing"
headroom doctor >"$state/doctor" || fail "doctor refuses a host that is only weaker"
grep -i psi "$state/doctor" || fail "doctor does not name PSI"
expect_nothing_left
