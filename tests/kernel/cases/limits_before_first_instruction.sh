#!/bin/bash
# A job's limits are in force before its first instruction (I6): its first act is to read them.
# layouts: unified hybrid
# shellcheck source=SCRIPTDIR/../guest/case.sh
source "$(dirname "$0")/../guest/case.sh"

start_daemon '{"jobs": {"cpu_weight": 50}}'
said=$(headroom run --limit-memory 64MiB --limit-pids 16 --limit-cpu 500m --env "LAB_CGROUP=$LAB_CGROUP" -- "$jobs/print-limits")
echo "$said"

if [[ $LAB_CGROUP == unified ]]; then
  equal "limits" "memory 67108864 swap 0 group 1
pids 16
cpu 50000 100000 weight 50
attempt 1-1" "$said"
else
  equal "limits" "memory 67108864
pids 16
cpu 50000 100000 shares 512
attempt 1-1" "$said"
fi

# F43: and it holds no descriptor but its own three.
descriptors=$(headroom run -- bash -c 'cd /proc/$$/fd && echo *')
equal "descriptors of a job" "0 1 2" "${descriptors% 255}"

said=$(headroom run --user nobody -- id -un)
equal "user of a job" nobody "$said"
expect_nothing_left
