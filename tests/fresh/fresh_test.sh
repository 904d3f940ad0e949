#!/bin/bash
# fresh_test.sh readme|ci SOURCE_DIR
#
# Runs the two commands of the README, or .ci/run, in a clone of the last commit on a new Debian 12 (debootstrap,
# variant minbase), and prints what each took. Exit code 77 where it cannot be tried, with the reason.
set -euo pipefail
what=$1 source=$2
readonly suite=bookworm budget_readme=480 budget_ci=1200

skip() { echo "SKIPPED: $*"; exit 77; }
fail() { echo "FAIL: $*"; exit 1; }

[[ $EUID -eq 0 ]] || skip "a chroot needs root"
for tool in debootstrap unshare apt-get git; do
  command -v "$tool" >/dev/null || skip "there is no $tool (Debian packages debootstrap, util-linux, apt, git)"
done
# The chroot's mounts and processes are its own, and end with the second instance of this script; then its files are
# removed, with nothing mounted on them any more.
if [[ -z ${FRESH_FOLDER:-} ]]; then
  unshare --mount --pid --fork true 2>/dev/null || skip "mounts of its own are not allowed here"
  FRESH_FOLDER=$(mktemp -d)
  export FRESH_FOLDER
  trap 'rm -rf --one-file-system "$FRESH_FOLDER"' EXIT
  trap 'exit 1' INT TERM HUP
  status=0
  unshare --mount --propagation private --pid --fork --kill-child bash "$0" "$@" || status=$?
  exit "$status"
fi
work=$FRESH_FOLDER
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  awk -v suite="$suite" '$2 == suite && $3 == "main" { print $1; exit }')
[[ $mirror ]] || skip "apt has no mirror of $suite here"
/usr/lib/apt/apt-helper download-file "${mirror}dists/$suite/InRelease" "$work/release" >"$work/log" 2>&1 ||
  skip "the mirror $mirror does not answer"

root=$work/root
TIMEFORMAT='%R s, %U s of CPU in the program, %S s in the kernel'
echo "-- debootstrap --variant=minbase $suite $mirror"
time debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$work/log" 2>&1 ||
  { tail -n 20 "$work/log"; fail "debootstrap"; }
# This machine's sources of this release alone, and how it gets to them.
cp /etc/resolv.conf "$root/etc/resolv.conf"
echo "deb $mirror $suite main" >"$root/etc/apt/sources.list"
cp -r /etc/apt/apt.conf.d "$root/etc/apt"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mkdir -p "$root/dev/pts" "$root/dev/shm"
mount -t devpts devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
git clone -q "$source" "$root/root/tuner"
echo "-- a clone of $(git -C "$source" log -1 --format='%h %s')"

# run BUDGET COMMAND: a command of the README in the clone, its output in $work/log and here.
run() {
  local budget=$1 command=$2 status=0 start=$SECONDS
  echo "-- $command"
  time chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    TERM=dumb ${http_proxy:+http_proxy="$http_proxy"} bash -c "cd ~/tuner && $command" </dev/null 2>&1 |
    tee "$work/log" || status=$?
  [[ $status -eq 0 ]] || fail "$command ended with $status"
  if ((SECONDS - start > budget)); then echo "-- over its budget of $budget s on two cores"; fi
}
tested() { tail -n 1 "$work/log" | grep -qE '^[1-9][0-9]* passed, 0 failed$' || fail "$1 does not end with 'N passed, 0 failed'"; }

if [[ $what == ci ]]; then
  run "$budget_ci" .ci/run
  tested .ci/run
  exit
fi
# Those of its first block of commands.
mapfile -t commands < <(awk '/^```sh$/ { inside = 1; next } inside && /^```$/ { exit } inside' "$source/README.md" |
  sed -n 's/^\(scripts\/[^#]*[^# ]\) *\(#.*\)\?$/\1/p')
[[ ${#commands[@]} -eq 2 ]] || fail "the README does not begin with two commands: ${commands[*]}"
start=$SECONDS
run "$budget_readme" "${commands[0]}"
grep -q '^study .*: 24 trials in the database, 24 run now (24 completed' "$work/log" || fail "not 24 completed trials"
grep -q '^best by ' "$work/log" || fail "the best trials are not shown"
run "$budget_readme" "${commands[1]}"
tested "${commands[1]}"
echo "-- both commands: $((SECONDS - start)) s"
