# shellcheck shell=bash
# Sourced by every case: starts the product as a user would, waits without guessing times, and says what failed.
# Set by run-cases: CASE, LAB_BIN, LAB_REPO, LAB_OUT, LAB_CGROUP.
set -euo pipefail

# shellcheck disable=SC2034 # used by the cases
readonly state=/tmp/$CASE root=lab-$CASE jobs=$LAB_REPO/tests/kernel/jobs
export HEADROOM_SOCKET=$state/socket
mkdir -p "$state"
daemon_pid=''

headroom() { "$LAB_BIN/headroom" "$@"; }

fail() {
  echo "$*" | tee "$state/why"
  exit 1
}

# skip REASON: the case cannot be tried here.
skip() {
  echo "$1"
  exit 77
}

# equal WHAT EXPECTED ACTUAL
equal() { [[ $2 == "$3" ]] || fail "$1: expected \"$2\", got \"$3\""; }

# wait_until SECONDS WHAT COMMAND...
wait_until() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < deadline)) || fail "waited in vain: $what"
    sleep 0.1
  done
}

# --- the daemon --------------------------------------------------------------------------------------------------------

# start_daemon POLICY: with a policy of this case's own (JSON), on a state, a socket and a cgroup root of its own.
start_daemon() {
  printf '%s\n' "$1" >"$state/policy.json"
  restart_daemon
}

restart_daemon() {
  # The state directory by a relative path: what starts elsewhere, the shims, must find it all the same.
  (cd "$state" && exec "$LAB_BIN/headroomd" --policy policy.json --state-dir state --socket "$HEADROOM_SOCKET" \
    --cgroup-root "$root" >>headroomd.log 2>&1 </dev/null) &
  daemon_pid=$!
  trap end_daemon EXIT
  wait_until 30 "the daemon answers" daemon_answers
}

end_daemon() {
  (($? == 0)) || sed 's/^/headroomd: /' "$state/headroomd.log"
  kill -KILL "$daemon_pid" 2>/dev/null || true
}

daemon_answers() {
  kill -0 "$daemon_pid" 2>/dev/null || fail "headroomd ended: $(tail -n 1 "$state/headroomd.log")"
  headroom status >/dev/null 2>&1
}

# stop_daemon SIGNAL: returns its exit code.
stop_daemon() {
  kill "-$1" "$daemon_pid"
  local code=0
  wait "$daemon_pid" || code=$?
  echo "headroomd ended with $code after SIG$1"
  return "$code"
}

# The last act of a case: with all jobs ended nothing of them is left, no process and no cgroup (I5).
expect_nothing_left() {
  wait_until 20 "all attempts' cgroups are removed" no_attempts
  wait_until 20 "all shims have ended" no_shims
}

no_attempts() { [[ -z $(find "$(group unified jobs)" "$(group memory jobs)" -mindepth 1 -type d 2>/dev/null) ]]; }
no_shims() { [[ -z $(cat "$(group unified shims)/cgroup.procs" 2>/dev/null) ]]; }

# --- jobs --------------------------------------------------------------------------------------------------------------

# submit OPTION... -- COMMAND...: prints the job's id.
submit() { headroom submit --json "$@" | jq -er .id; }

# job ID FILTER: a field of what the daemon says about it, e.g. job 7 .state
job() { headroom show --json "$1" | jq -r "$2"; }

job_is() { [[ $(job "$1" .state) == "$2" ]]; }

wait_for_state() { wait_until "${3:-30}" "job $1 is $2" job_is "$1" "$2"; }

# --- cgroups -----------------------------------------------------------------------------------------------------------

# group CONTROLLER PATH: the folder of ROOT/PATH in the hierarchy that has this controller ("unified": kill, events, PSI).
group() {
  if [[ $LAB_CGROUP == unified ]]; then
    echo "/sys/fs/cgroup/$root/$2"
  else
    echo "/sys/fs/cgroup/$1/$root/$2"
  fi
}

# How many processes carry the mark that a job got with --env LAB_MARK=...
marked() { grep -lszx "LAB_MARK=$1" /proc/[0-9]*/environ | wc -l; }
none_marked() { (($(marked "$1") == 0)); }
at_least_marked() { (($(marked "$1") >= $2)); }

is_gone() { [[ ! -e $1 ]]; }
