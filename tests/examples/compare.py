#!/usr/bin/env python3
"""Runs a program and compares what it prints with a file: the same text, and numbers within a tolerance of each other.

    compare.py EXPECTED TOLERANCE PROGRAM [ARGUMENTS]     (the expected file is what the Python twin prints)"""
import re
import subprocess
import sys

NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?")


def main():
    expected, tolerance, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if run.returncode:
        sys.exit(f"{' '.join(command)}: exit code {run.returncode}")
    have, want = run.stdout, open(expected).read()
    if NUMBER.sub("#", have) != NUMBER.sub("#", want):
        sys.exit(f"the text differs:\n{have}\nexpected:\n{want}")
    pairs = list(zip(map(float, NUMBER.findall(have)), map(float, NUMBER.findall(want))))
    worst = max((abs(a - b) / max(abs(b), 1e-3) for a, b in pairs), default=0.0)
    print(f"{len(pairs)} numbers, the largest relative difference is {worst:.2g}")
    if worst > tolerance:
        sys.exit(f"more than {tolerance}:\n{have}\nexpected:\n{want}")


if __name__ == "__main__":
    main()
