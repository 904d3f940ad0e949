#!/bin/bash
# guide_test.sh BUILD_DIR SOURCE_DIR
#
# docs/plugin-guide.md, followed literally by an author who has nothing but an installed tuner: every file that it shows
# is written, every command is run, in their order, and what a command prints is compared where the guide shows it.
#
# A block of code is a file, after <!-- file: NAME -->, or a console session. Mark of a session: <!-- exit: N -->, how its
# last command ends. Formulas are text. Anything else is an error.
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

cmake --install "$build" --prefix "$prefix" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmp "$source/docs/plugin-guide.md" "$prefix/share/doc/tuner/docs/plugin-guide.md"

# Turns the guide into a case of tests/e2e, whose runs share one working directory.
cat >"$work/convert.awk" <<'END'
function fail(why) { print FILENAME ":" FNR ": " why > "/dev/stderr"; failed = 1; exit 1 }
function run(script) {
  print "--- run\nPATH=$PREFIX/bin:$PATH; HERE=$PWD; if test -f .where; then cd \"$(cat .where)\"; fi"
  printf "%s", script
}
function end_run() { if (command == "") return; run(command); print "pwd > \"$HERE/.where\""; show(); command = "" }
function show() { if (shown != "") printf "--- stdout\n%s", shown; shown = "" }
function end_console() {
  if (status == "") { end_run(); return }
  if (command == "") fail("no command before the end of the session")
  run(command)
  print "--- exit " status
  show()
  print "--- stderr\n..."
  command = ""
}
/^<!-- (file|exit): .* -->$/ {
  if (block != "") fail("a mark inside a block")
  mark = $0; sub(/^<!-- [a-z]*: /, "", mark); sub(/ -->$/, "", mark)
  if ($2 == "file:") file = mark; else status = mark
  next
}
/^```/ {
  if (block == "") {
    block = substr($0, 4)
    if (file != "") { block = "file"; content = ""; next }
    if (block != "console" && block != "text") fail("a block of '" block "' without a file's name")
    ++blocks[block]
    next
  }
  if (block == "file") {
    run("cat > '" file "' <<'END_OF_FILE'\n" content "END_OF_FILE\npwd > \"$HERE/.where\"\n")
    ++blocks["file"]
  }
  if (block == "console") end_console()
  block = file = status = ""
  next
}
block == "file" { content = content $0 "\n" }
block == "console" && /^\$ / { end_run(); command = substr($0, 3) "\n"; next }
block == "console" && /^> / && shown == "" { command = command substr($0, 3) "\n"; next }
block == "console" {
  if (command == "") fail("an output without its command")
  sub(/^\.\.\.\//, "*/")  # .../FILE: wherever it is
  shown = shown $0 "\n"
}
END {
  if (failed) exit 1
  if (block != "") fail("a block without end")
  if (blocks["file"] < 8 || blocks["console"] < 8) fail("the guide has lost its blocks")
}
END
awk -f "$work/convert.awk" "$source/docs/plugin-guide.md" >"$work/guide.test"

# Warnings are errors here, so that no reader meets one. ccache is not asked: an author has none.
export PREFIX=$prefix CMAKE_GENERATOR=Ninja CXXFLAGS="-Wall -Wextra -Werror" CFLAGS="-Wall -Wextra -Werror"
unset TUNER_PLUGIN_PATH
"$build/tests/e2e_run_case" "$work/guide.test" || { cat -n "$work/guide.test" | sed -n '1,400p' >&2; exit 1; }
echo "guide: $(grep -c '^--- run' "$work/guide.test") steps, all well"
