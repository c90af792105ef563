#!/bin/sh
# Every op record stands in ops/ops.def or ops/pointwise.def, where the tests find it: the records that the libraries define,
# less those that the table (ops/table.c) refers to.
# usage: check_ops.sh nm libcerilla_core.a libcerilla_ops.a
"$@" 2>/dev/null | awk '
    /:$/ { in_table = /table\.c/ }
    in_table && $1 == "U" { listed[$2] = 1 }
    $2 ~ /^[DdRrBb]$/ && $3 ~ /^cer_op_/ { defined[$3] = 1; n++ }
    END {
        listed["cer_op_accumulate"] = 1 # a node of the engine, not an op
        for (op in defined) {
            base = op
            sub(/_$/, "", base) # the in-place twin comes with its row
            if (!(op in listed) && !(base in listed)) { print op " stands in no .def file"; bad = 1 }
        }
        if (n < 50) { print n + 0 " records found: nm or the build has changed"; bad = 1 }
        if (!bad) print n " records, all listed"
        exit bad
    }'
