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
# shellcheck disable=SC2016  # the job expands it
descriptors=$(headroom run -- bash -c 'for n in {0..64}; do if [[ -e /proc/$$/fd/$n ]]; then printf "%s " "$n"; fi; done')
equal "descriptors of a job" "0 1 2 " "$descriptors"

said=$(headroom run --user nobody --chdir / -- id -un)
equal "user of a job" nobody "$said"
expect_nothing_left
