#!/bin/bash
# The incident, three ways: without a limit jobs are OOM-killed; with headroom none is, and the pool sits at its target.
# layouts: unified
# limit: 600 s
# shellcheck source=SCRIPTDIR/../guest/case.sh
source "$(dirname "$0")/../guest/case.sh"

[[ -x /usr/bin/python3 ]] || skip "python3 is missing: apt-get install python3-minimal"
out=$LAB_OUT/incident
/usr/bin/python3 "$LAB_REPO/demo/run.py" --inside --binaries "$LAB_BIN" --out "$out" --pool-mib 1536

# of POLICY FIELD
of() { jq -er --arg policy "$1" ".results[] | select(.policy == \$policy) | .$2" "$out/incident.json"; }

(($(of none oom_killed) > 0)) || fail "no limit: the pool was not exhausted"
equal "headroom: OOM-killed" 0 "$(of headroom oom_killed)"
equal "headroom: finished" "$(of headroom jobs)" "$(of headroom finished)"
jq -e '(.results[] | select(.policy == "headroom") | .mean_use_while_waiting) - .target | fabs <= 0.05' "$out/incident.json" ||
  fail "headroom: mean use while jobs wait is $(of headroom mean_use_while_waiting), not within 5 points of the target"
! compgen -G '/sys/fs/cgroup/headroom-demo-*' || fail "the demo left cgroups"
