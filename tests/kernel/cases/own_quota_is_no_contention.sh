#!/bin/bash
# A job that spins under its own cpu.max makes the kernel report a CPU pressure of some 90 %, and keeps nobody from starting;
# spinners without a limit, more than there are CPUs, close the gate.
# layouts: unified hybrid
# limit: 240 s
# shellcheck source=SCRIPTDIR/../guest/case.sh
source "$(dirname "$0")/../guest/case.sh"

gate() { headroom status --json | jq -r "$1"; }
gate_is() { [[ $(gate .gate.position) == "$1" ]]; }
pool_pressure_is_high() { awk '/^some/ { split($2, avg, "="); exit !(avg[2] >= 55) }' "$(group unified jobs)/cpu.pressure"; }

start_daemon '{"admission": {"stale_after": "1m"},
               "gate": {"quiet": "2s", "cpu_some": {"open": 30, "closing": 40, "close": 50}, "memory_some": null, "memory_full": null},
               "requests": {"default": {"memory": "1%", "cpu": "1%", "pids": 8}}}'
wait_until 20 "the gate is open" gate_is open

throttled=$(submit --limit-cpu 100m -- sh -c "while :; do :; done")
wait_for_state "$throttled" running
wait_until 90 "the kernel reports the spinner as pressure that would close the gate" pool_pressure_is_high
equal "the gate beside $(head -n 1 "$(group unified jobs)/cpu.pressure")" open "$(gate .gate.position)"
equal "how often the gate moved" 0 "$(headroom events --after 0 --json | grep -c gate_changed || true)"

# Twice as many spinners as there are CPUs, without a limit: these do wait for each other.
crowd=$(submit -- sh -c "for _ in \$(seq $((2 * $(nproc)))); do (while :; do :; done) & done; wait")
wait_for_state "$crowd" running
wait_until 60 "the gate is closed" gate_is closed
equal "what closed it" cpu "$(gate .gate.cause.resource)"

headroom cancel "$crowd"
wait_until 90 "the gate is open again, beside the throttled spinner" gate_is open
headroom cancel "$throttled"
wait_for_state "$throttled" finished
expect_nothing_left
