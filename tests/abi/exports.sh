#!/bin/sh
# exports.sh FOLDER: every library of the folder exports its entry function and nothing else.
found=0 bad=0
for library in "$1"/*.so; do
  [ -f "$library" ] || continue
  found=$((found + 1))
  symbols=$(nm -D --defined-only --format=just-symbols "$library") || bad=$((bad + 1))
  [ "$symbols" = tuner_plugin_v1 ] || { bad=$((bad + 1)); echo "$library exports:" $symbols; }
done
echo "$found libraries, $bad bad"
[ "$found" -gt 0 ] && [ "$bad" -eq 0 ]
