#!/bin/bash
# phases_test.sh SOURCE_DIR
#
# scripts/test and .ci/run with recorders in the place of the builds and of ctest: which phases they have, what they say
# of their times, how they add up the tests, and how they end.
set -euo pipefail
source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAIL: $*"; cat "$work/said"; exit 1; }

mkdir -p "$work/checkout"/{scripts,.ci,build} "$work/bin"
cp "$source/scripts/test" "$work/checkout/scripts"
cp "$source/.ci/run" "$work/checkout/.ci"
cat >"$work/checkout/scripts/setup" <<END
#!/bin/bash
echo "setup \$*" >>"$work/calls"
[[ \$* != "\${BROKEN:-}" ]]
END
cat >"$work/bin/ctest" <<END
#!/bin/bash
echo "ctest \$*" >>"$work/calls"
sleep 1.1
echo "      Start  1: Reader.Skips"
echo "      Start  2: Reader.Fails"
echo "  1/120 Test  #1: Reader.Skips ..........***Skipped   0.02 sec"
echo "no reader here"
if [[ \${FAILING:-0} -gt 0 ]]; then
  echo "  2/120 Test  #2: Reader.Fails ..........***Failed    0.10 sec"
  printf 'line %d\n' {1..70}
fi
echo "      Start  3: Reader.Passes"
echo "  3/120 Test  #3: Reader.Passes .........   Passed    0.02 sec"
echo "of no interest"
echo "99% tests passed, \${FAILING:-0} tests failed out of 120"
[[ \${FAILING:-0} -eq 0 ]]
END
chmod +x "$work/checkout/scripts/setup" "$work/bin/ctest"
run() { # COMMAND...
  : >"$work/calls"
  status=0
  (cd / && PATH=$work/bin:$PATH "$work/checkout/$1" "${@:2}") >"$work/said" 2>&1 || status=$?
  last=$(tail -n 1 "$work/said")
}
expect_calls() { # LINE...
  sed 's/ -j [0-9]*//; s/ --no-tests=error//' "$work/calls" >"$work/made"
  diff -u <(printf '%s\n' "$@") "$work/made" >>"$work/said" || fail "other calls than these: $*"
}
default=("setup release" "setup release all" "ctest --preset release")
full=("setup full" "setup full all" "ctest --preset full -L ^full\$" "setup asan tests_unit tests_abi tests_storage"
  "ctest --preset asan -L ^(unit|abi|storage)\$")

run scripts/test
[[ $status -eq 0 && $last == "120 passed, 0 failed" ]] || fail "it ended with $status, '$last'"
expect_calls "${default[@]}"
grep -qE '^ +[0-9]+ s of +[0-9]+ s  test release$' "$work/said" || fail "no time beside a budget"
if grep -q 'over its budget' "$work/said"; then fail "over a budget that is not 0"; fi
if grep -q 'what failed' "$work/said"; then fail "nothing failed"; fi

TUNER_BUDGET_PERCENT=0 run scripts/test
[[ $status -eq 0 ]] || fail "over its budget it ended with $status"
grep -qE "^ +([0-9]+) s of +0 s  test release   over its budget by \\1 s\$" "$work/said" || fail "it does not say that it is over"

run .ci/run
[[ $status -eq 0 && $last == "360 passed, 0 failed" ]] || fail "the full run ended with $status, '$last'"
expect_calls "${default[@]}" "${full[@]}"

FAILING=3 run scripts/test --full
[[ $status -eq 1 && $last == "351 passed, 9 failed" ]] || fail "with failures it ended with $status, '$last'"
expect_calls "${default[@]}" "${full[@]}"
# Each failed test of each phase is named again at the end, with the last 60 lines of what it printed.
sed -n '/^== what failed$/,/^== time$/p' "$work/said" >"$work/end"
once() { echo "  2/120 Test  #2: Reader.Fails ***Failed    0.10 sec"; printf 'line %d\n' {11..70}; }
diff -u <(echo "== what failed"; once; once; once; echo "== time") "$work/end" >>"$work/said" || fail "not what failed"

BROKEN="release all" run scripts/test
[[ $status -eq 1 && $last == "0 passed, 1 failed" ]] || fail "with a broken build it ended with $status, '$last'"
expect_calls "${default[@]:0:2}"

run scripts/test --fast
[[ $status -eq 2 ]] || fail "an unknown option ended with $status"
echo "phases: all well"
