"""Compiles every C line of docs/porting.md, without a warning.

    python3 docs/check_porting.py COMPILER...        a ```c block is the body of a function, a ```c file block a file"""
import os
import re
import subprocess
import sys
import tempfile

from headers import ROOT

HEAD = """#include <cerilla.h>
#include <stdio.h>
void block(Tensor *x, Tensor *y, Tensor *rows, Tensor *columns, Tensor *mask, int i, int64_t n, float *data);
void block(Tensor *x, Tensor *y, Tensor *rows, Tensor *columns, Tensor *mask, int i, int64_t n, float *data)
{
    (void)x, (void)y, (void)rows, (void)columns, (void)mask, (void)i, (void)n, (void)data;
"""
FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-unused-value", "-fsyntax-only", "-I" + ROOT]


def main():
    text = open(os.path.join(ROOT, "docs", "porting.md")).read()
    blocks = [(text[:m.start()].count("\n") + 2, m.group(1), m.group(2)) for m in re.finditer(r"```c( file)?\n(.*?)```", text, re.S)]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for line, whole, code in blocks:
            source = os.path.join(folder, "block.c")
            mark = '#line %d "docs/porting.md"\n' % line
            with open(source, "w") as f:
                f.write(mark + code if whole else HEAD + mark + code + "}\n")
            failed += subprocess.run(sys.argv[1:] + FLAGS + [source]).returncode != 0
    print("%d blocks, %d do not compile" % (len(blocks), failed))
    return 1 if failed or not blocks else 0


if __name__ == "__main__":
    sys.exit(main())
