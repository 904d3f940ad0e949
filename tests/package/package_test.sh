#!/bin/bash
# package_test.sh BUILD_DIR SOURCE_DIR
#
# What an author has who gets tuner installed: the package holds what it should, find_package(tuner) builds the examples
# and what `tuner plugins new` writes out of tree, all pass the checker, each exports one symbol, and a sweep of the
# installed program uses them by name beside built-in plugins, with nothing of tuner rebuilt. GCC's and Clang's builds of the same plugins give the same trials, bit for bit.
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
export CMAKE_GENERATOR=Ninja  # CMake's own default needs make, which nothing here installs

fail() { echo "FAIL: $*"; exit 1; }
step() { echo "-- $*"; }
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; fail "$*"; }; }
same() { diff -u "$1" "$2" || fail "$3"; }

step "install"
quietly cmake --install "$build" --prefix "$prefix"
for file in bin/tuner lib/tuner/plugins/sgd.so include/tuner/abi.h include/tuner/plugin.hpp \
  lib/cmake/tuner/tunerConfig.cmake lib/cmake/tuner/tunerConfigVersion.cmake lib/cmake/tuner/tuner_add_plugin.cmake \
  share/doc/tuner/LICENSE share/doc/tuner/README.md share/doc/tuner/docs/database.md \
  share/doc/tuner/docs/plugin-guide.md share/bash-completion/completions/tuner share/man/man1/tuner.1 share/tuner/python/tuner.py share/tuner/python/offline/wandb/__init__.py; do
  [[ -f $prefix/$file ]] || fail "not installed: $file"
done
(cd "$prefix/lib/tuner/plugins" && ls) >"$work/installed_plugins"
(cd "$build/lib/tuner/plugins" && ls) >"$work/built_plugins"
same "$work/built_plugins" "$work/installed_plugins" "the installed plugins are not those of the build tree"
(cd "$prefix/include" && find . -type f | sort) >"$work/installed_headers"
(for part in abi sdk; do cd "$source/core/$part/include" && find . -type f; done | sort) >"$work/headers"
same "$work/headers" "$work/installed_headers" "the installed headers are not those of the ABI and the C++ layer"
if grep -rlE "$build|$source" "$prefix/lib/cmake" "$prefix/include"; then fail "the package names the build tree"; fi
if grep -rliE 'boost|yaml|sqlite|fmt::|eigen' "$prefix/lib/cmake"; then fail "the package depends on something else"; fi

step "tuner plugins new: every kind in every language"
mkdir "$work/plugins"
cd "$work/plugins"
new=()
for kind in optimizer scheduler objective searcher pruner; do
  for language in cpp c; do
    new+=("new_${kind}_$language")
    quietly "$prefix/bin/tuner" plugins new "new_${kind}_$language" --kind "$kind" --language "$language"
  done
done
cp -r "$prefix"/share/doc/tuner/examples/{signum,plain_c,rust} .

# One build tree for all of them, each a project of its own in it, as its author would configure it.
{
  printf 'cmake_minimum_required(VERSION 3.25)\nproject(all C CXX)\nenable_testing()\n'
  for folder in signum plain_c rust "${new[@]}"; do echo "add_subdirectory($folder)"; done
} >CMakeLists.txt
build_all() { # CC CXX FOLDER
  quietly cmake -B "$work/build/$3" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_COMPILER="$1" -DCMAKE_CXX_COMPILER="$2" -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" \
    -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror"
  if grep -h 'rustc not found' "$work/log"; then fail "examples/rust was not built"; fi
  quietly cmake --build "$work/build/$3"
  mkdir "$work/$3"
  cp "$work/build/$3"/*/*.so "$work/$3"
}
step "build them and the examples with GCC and Clang"
build_all gcc g++ gcc
build_all clang-14 clang++-14 clang

step "ctest checks each of them"
for compiler in gcc clang; do
  libraries=("$work/$compiler"/*.so)
  (cd "$work/build/$compiler" && ctest -j2 --output-on-failure >"$work/log" 2>&1) || { cat "$work/log"; fail "ctest"; }
  grep -q "100% tests passed, 0 tests failed out of ${#libraries[@]}$" "$work/log" ||
    { cat "$work/log"; fail "not one test for each of ${#libraries[@]} libraries"; }
done

step "the sweeps of the new ones"
for id in "${new[@]}"; do
  cd "$work/plugins/$id"
  mkdir build
  cp "$work/gcc/$id.so" build
  quietly "$prefix/bin/tuner" --config sweep.yaml --quiet
  completed=$("$prefix/bin/tuner" query "SELECT count(*) FROM runs WHERE study = '$id' AND outcome = 'completed'" \
    --format csv | tail -n 1)
  ((completed >= 9)) || { cat "$work/log"; fail "$id: only $completed completed trials"; }
done
cd "$work"

step "one exported symbol"
for library in "$work"/{gcc,clang}/*.so "$prefix"/lib/tuner/plugins/*.so; do
  symbols=$(nm -D --defined-only --format=just-symbols "$library")
  [[ $symbols == tuner_plugin_v1 ]] || fail "$library exports: $symbols"
done

step "another major version is not found"
mkdir "$work/other"
printf 'cmake_minimum_required(VERSION 3.25)\nproject(other C)\nfind_package(tuner 2 CONFIG REQUIRED)\n' >"$work/other/CMakeLists.txt"
if cmake -S "$work/other" -B "$work/build/other" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" 2>&1; then
  fail "find_package(tuner 2) accepted version 1"
fi
grep -q tunerConfig.cmake "$work/log" || { cat "$work/log"; fail "find_package(tuner 2) failed for another reason"; }

step "sweeps: --plugin FILE, then TUNER_PLUGIN_PATH"
(cd "$prefix" && find . -type f -exec sha256sum {} + | sort) >"$work/before"
cd "$work"
unset TUNER_PLUGIN_PATH
tuner=$prefix/bin/tuner
sweep=$source/tests/package/sweep.yaml
status=0
"$tuner" --config "$sweep" --db none.db --quiet >"$work/log" 2>&1 || status=$?
[[ $status -eq 3 || $status -eq 4 ]] || { cat "$work/log"; fail "without the plugins the sweep ended with $status"; }
grep -q heavy_ball "$work/log" || { cat "$work/log"; fail "the message does not name the missing plugin"; }
quietly "$tuner" --config "$sweep" --db gcc.db --quiet --plugin gcc/signum.so --plugin gcc/heavy_ball.so
quietly env TUNER_PLUGIN_PATH="$work/clang" "$tuner" --config "$sweep" --db clang.db --quiet

runs="SELECT number, outcome, value, parameters, steps FROM runs ORDER BY number"
curves="SELECT number, step, name, value FROM learning_curves ORDER BY number, name, step"
plugins="SELECT id FROM plugins WHERE kind = 'optimizer' ORDER BY id"
for compiler in gcc clang; do
  "$tuner" query "$runs" --db "$compiler.db" --format csv >"$compiler.runs"
  "$tuner" query "$curves" --db "$compiler.db" --format csv >"$compiler.curves"
  [[ $(grep -c completed "$compiler.runs") -eq 6 ]] || { cat "$compiler.runs"; fail "not 6 completed trials"; }
  [[ $("$tuner" query "$plugins" --db "$compiler.db" --format csv | tail -n +2 | tr '\n' ' ') == "heavy_ball sgd signum " ]] ||
    fail "the database does not name the three optimizers"
done
[[ $(wc -l <gcc.curves) -gt 1000 ]] || fail "the learning curves are missing"
same gcc.runs clang.runs "GCC's and Clang's plugins give different trials"
same gcc.curves clang.curves "GCC's and Clang's plugins give different learning curves"

step "nothing of tuner was rebuilt"
(cd "$prefix" && find . -type f -exec sha256sum {} + | sort) >"$work/after"
same "$work/before" "$work/after" "files of the installation changed"
echo "package: all well"
