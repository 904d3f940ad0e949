#!/bin/bash
# setup_test.sh SOURCE_DIR
#
# scripts/setup on machines that lack something, in a copy of its own with apt, cmake and ninja replaced by recorders.
set -euo pipefail
source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

fail() {
  echo "FAIL: $*"
  cat "$work/said" 2>/dev/null || true
  exit 1
}
expect_said() { grep -qF -- "$1" "$work/said" || fail "it does not say: $1"; }

# machine NAME: a checkout and a PATH with the plain tools of the shell, and the recorders named after it.
machine() {
  root=$work/$1/checkout tools=$work/$1/bin calls=$work/$1/calls
  mkdir -p "$root/scripts" "$tools"
  cp "$source"/scripts/{setup,packages.txt,packages_full.txt} "$root/scripts"
  touch "$root/CMakePresets.json" "$calls"
  chmod 777 "$root" "$calls"
  local tool
  for tool in bash env readlink stat cat grep mkdir flock tail nproc touch; do ln -s "$(command -v "$tool")" "$tools/$tool"; done
}
recorder() { # NAME SCRIPT
  printf '#!/bin/bash\necho "%s $*" >>%q\n%s\n' "$1" "$calls" "$2" >"$tools/$1"
  chmod 755 "$tools/$1"
}
# Every package but cmake, libfmt-dev and clang-14 is there, until apt-get has been called to install it.
dpkg_without_three() {
  recorder dpkg-query "for package in \"\${@:4}\"; do
  if [[ \$package =~ ^(cmake|libfmt-dev|clang-14)$ ]] && ! grep -q \" install .*\$package\" $calls; then continue; fi
  echo \"ii  \$package\"
done"
}
builders() {
  recorder cmake "mkdir -p build/release; touch build/release/build.ninja build/release/CMakeCache.txt
[[ \$2 != full ]] || echo TUNER_FULL_TESTS:BOOL=ON >build/release/CMakeCache.txt"
  recorder ninja "[[ \" \$* \" == *' -n '* ]] && [[ -e build/done ]] && echo 'ninja: no work to do.'
[[ \" \$* \" == *' -n '* ]] || touch build/done"
}
# run_setup ARGUMENT...: standard error must be all that it writes to. Runs as an unprivileged user where AS_NOBODY is set.
run_setup() {
  local as=()
  [[ -n ${AS_NOBODY:-} ]] && as=("$(command -v setpriv)" --reuid 65534 --regid 65534 --clear-groups)
  status=0
  (cd / && "${as[@]}" env -i PATH="$tools" TUNER_BUDGET_PERCENT="${percent:-100}" "$root/scripts/setup" "$@") 2>"$work/said" >"$work/out" || status=$?
  [[ ! -s $work/out ]] || fail "it writes to standard output: $(cat "$work/out")"
}

machine no_apt
run_setup release product
[[ $status -eq 1 ]] || fail "without apt it ended with $status"
expect_said "no apt"
for package in cmake ninja-build dataset-fashion-mnist; do expect_said "$package"; done

machine missing_as_root
dpkg_without_three
recorder apt-get ""
builders
if [[ $EUID -eq 0 ]]; then
  run_setup release product
  [[ $status -eq 0 ]] || fail "as root it ended with $status"
  grep -q '^apt-get .*update$' "$calls" || fail "apt-get update was not called"
  grep -q '^apt-get .*install -y --no-install-recommends cmake libfmt-dev$' "$calls" || fail "not the two packages: $(cat "$calls")"
  grep -q '^cmake --preset release$' "$calls" || fail "not configured"
  grep -q '^ninja -C build/release product$' "$calls" || fail "not built"
  : >"$calls"
  run_setup release product
  [[ $status -eq 0 && ! -s $work/said ]] || fail "the second time it says something"
  [[ $(cat "$calls") == "ninja -C build/release -n product" ]] || fail "the second time it does more than ask ninja: $(cat "$calls")"
fi

# The full run has a list of packages more, in the same tree; configured for it, the tree serves the other run too.
machine full
dpkg_without_three
recorder apt-get ""
recorder install "cat >/dev/null"
recorder rm ""
builders
if [[ $EUID -eq 0 ]]; then
  run_setup release all
  grep -q policy-rc.d "$calls" && fail "no service is in the packages of the README: $(cat "$calls")"
  run_setup full all
  [[ $status -eq 0 ]] || fail "the full run ended with $status"
  # No service starts while its packages are installed, unless the system says so itself.
  if [[ ! -e /usr/sbin/policy-rc.d ]]; then
    for call in "install -m 755 /dev/stdin" "rm -f"; do
      grep -q "^$call /usr/sbin/policy-rc.d$" "$calls" || fail "not called: $call: $(cat "$calls")"
    done
  fi
  expect_said "installing 1 Debian packages: clang-14"
  grep -q '^cmake --preset full$' "$calls" || fail "not configured for the full run: $(cat "$calls")"
  grep -q '^ninja -C build/release all$' "$calls" || fail "not built"
  : >"$calls"
  run_setup full all
  run_setup release all
  [[ $(sort -u "$calls") == "ninja -C build/release -n all" ]] || fail "it does more than ask ninja: $(cat "$calls")"
fi

machine over_budget
recorder dpkg-query 'for package in "${@:4}"; do echo "ii  $package"; done'
recorder apt-get ""
builders
recorder ninja '[[ " $* " == *" -n "* ]] || sleep 1.1'
ln -s "$(command -v sleep)" "$tools/sleep"
percent=0
run_setup release product
percent=100
[[ $status -eq 0 ]] || fail "over its budget it ended with $status"
expect_said "building took "
expect_said "over the budget of 0 s"

AS_NOBODY=1
if [[ $EUID -ne 0 ]]; then unset AS_NOBODY; fi
machine missing_without_sudo
dpkg_without_three
recorder apt-get ""
builders
run_setup release product
[[ $status -eq 1 ]] || fail "without root and sudo it ended with $status"
expect_said "needs root or sudo"
expect_said "are needed: cmake libfmt-dev"
grep -q '^apt-get' "$calls" && fail "apt-get was called without root"

machine missing_with_sudo
dpkg_without_three
recorder apt-get ""
recorder sudo '"$@"'
builders
run_setup release product
[[ $status -eq 0 ]] || fail "with sudo it ended with $status"
grep -q '^sudo env DEBIAN_FRONTEND=noninteractive apt-get .*install' "$calls" || fail "not through sudo: $(cat "$calls")"

machine broken_apt
dpkg_without_three
recorder apt-get 'echo "E: no network" >&2; exit 100'
recorder sudo '"$@"'
builders
run_setup release product
[[ $status -eq 1 ]] || fail "with a broken apt it ended with $status"
expect_said "E: no network"
expect_said "are needed: cmake libfmt-dev"

machine broken_build
recorder dpkg-query 'for package in "${@:4}"; do echo "ii  $package"; done'
recorder apt-get ""
builders
recorder ninja '[[ " $* " == *" -n "* ]] || { echo "error: no such type"; exit 1; }'
run_setup release product
[[ $status -eq 1 ]] || fail "with a broken build it ended with $status"
expect_said "error: no such type"
expect_said "failed: ninja -C build/release product"
echo "setup: all well"
