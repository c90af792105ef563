#!/bin/sh
# The rule of the floors: what a file of a folder may include. And: files of core fit a reader (520 lines at most).
# usage: tests/check_includes.sh [root of the project]
cd "${1:-.}" || exit 2

# Prints every include of ours that starts with none of the allowed prefixes.
check() {
    floor=$1 allowed=$2
    shift 2
    for file in "$@"; do
        [ -f "$file" ] || continue
        awk -v file="$file" -v allowed="$allowed" '
            function target(name,   folder, parts, n) { # the included file, from the root
                folder = file
                sub(/\/[^\/]*$/, "", folder)
                if (name ~ /^\.\.\//) {
                    while (sub(/^\.\.\//, "", name)) sub(/\/?[^\/]*$/, "", folder)
                    return folder == "" ? name : folder "/" name
                }
                return name ~ /\// ? name : folder "/" name
            }
            /^[ \t]*#[ \t]*include[ \t]*"/ {
                name = $0
                sub(/^[^"]*"/, "", name)
                sub(/".*/, "", name)
                n = split(allowed, prefix, " ")
                good = 0
                for (i = 1; i <= n; i++) good = good || index(target(name), prefix[i]) == 1
                if (!good) { print file ":" FNR ": may not include " target(name); bad = 1 }
            }
            END { exit bad }' "$file" || failed=1
    done
    checked=$((checked + $#))
    [ -f "$1" ] || { # the pattern matched nothing
        echo "$floor: no files found"
        failed=1
    }
}

failed=0 checked=0
check kernels "ops/kernels/ ops/pointwise.def" ops/kernels/*.[ch] ops/kernels/*.inc
check core "core/ ops/kernels/" core/*.[ch]
check ops "core/ ops/" ops/*.[ch] ops/*.def
check nn "core/ ops/ nn/" nn/*.[ch]
check autograd "core/ ops/ autograd/" autograd/*.[ch]
check optim "core/ ops/ optim/" optim/*.[ch]
check data "core/ ops/ data/" data/*.[ch]
check io "core/ ops/ io/" io/*.[ch]
check examples "examples/" examples/*.c examples/minimal/*.c # of the library the umbrella only: #include <cerilla.h>
for file in bench/*.[ch]; do
    [ -f "$file" ] && check bench "bench/" "$file"
done

for file in core/*.[ch]; do
    lines=$(wc -l <"$file")
    [ "$lines" -le 520 ] || { echo "$file has $lines lines; 520 is the limit"; failed=1; }
done
[ "$failed" -eq 0 ] && echo "$checked files keep the rule of the floors"
exit "$failed"
