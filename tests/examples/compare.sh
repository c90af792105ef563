#!/bin/sh
# Runs a program and compares what it prints with a file, byte for byte.
# usage: compare.sh expected program [arguments]
expected=$1
shift
printed=$(mktemp) || exit 2
trap 'rm -f "$printed"' EXIT
"$@" >"$printed" || { echo "$*: exit code $?"; exit 1; }
diff -u "$expected" "$printed" && echo "$* prints $expected"
