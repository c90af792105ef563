#!/usr/bin/env python3
"""Runs the benchmark programs and their twins in PyTorch and libtorch, alternating, and prints ours, theirs and the ratio.

    bench/run.py BUILD_DIR [pattern]     (./dev bench calls it)

Each program prints one JSON line per workload. Medians of ROUNDS alternating rounds; the ratio is the median of the paired
ratios, so that a neighbour's load, which both sides see, cancels. Raw lines go to bench/results/PATTERN.jsonl."""
import json
import os
import shutil
import statistics
import subprocess
import sys

ROUNDS = 5
HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = ["notebook"]  # bench/NAME.c, NAME_torch.py, NAME_libtorch.cpp


def works(command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def libtorch(name, build):
    """The C++ twin, compiled if libtorch's headers are there."""
    source, binary = os.path.join(HERE, name + "_libtorch.cpp"), os.path.join(build, "bench", name + "_libtorch")
    include = "/usr/include/torch/csrc/api/include"
    if not (os.path.exists(source) and os.path.isdir(include) and shutil.which("g++")):
        return None
    if not os.path.exists(binary) or os.path.getmtime(binary) < os.path.getmtime(source):
        print("compiling", os.path.relpath(source), file=sys.stderr)
        if subprocess.run(["g++", "-std=c++17", "-O2", "-I" + include, source, "-o", binary, "-ltorch", "-ltorch_cpu", "-lc10"]).returncode:
            return None
    return [binary]


def peers(name, build):
    commands = {"cerilla": [os.path.join(build, "bench", "bench_" + name)]}
    if works(["/usr/bin/python3", "-c", "import torch"]):
        commands["pytorch"] = ["/usr/bin/python3", os.path.join(HERE, name + "_torch.py")]
    if libtorch(name, build):
        commands["libtorch"] = libtorch(name, build)
    return commands


def measure(command, pattern):
    env = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", ATEN_CPU_CAPABILITY=os.environ.get("ATEN_CPU_CAPABILITY", "avx512"))
    lines = subprocess.run(command + [pattern], capture_output=True, text=True, env=env, check=True).stdout.splitlines()
    return {r["workload"]: r for r in map(json.loads, lines)}


def main():
    build, pattern = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    for name in PROGRAMS:
        wanted = "" if pattern in name else pattern  # a program's name runs all of it
        commands, rounds = peers(name, build), []
        for i in range(ROUNDS):
            print(f"round {i + 1} of {ROUNDS}: {', '.join(commands)}", file=sys.stderr)
            rounds.append({peer: measure(command, wanted) for peer, command in commands.items()})
        os.makedirs(os.path.join(HERE, "results"), exist_ok=True)
        with open(os.path.join(HERE, "results", name + ".jsonl"), "w") as f:
            for r in rounds:
                for rows in r.values():
                    f.writelines(json.dumps(row) + "\n" for row in rows.values())
        print(f"{'workload':20} {'peer':10} {'ours us':>9} {'theirs us':>10} {'theirs/ours':>12} {'peak MB':>8} {'theirs MB':>9}")
        for workload in rounds[0]["cerilla"]:
            ours = [r["cerilla"][workload] for r in rounds]
            for peer in [p for p in commands if p != "cerilla"] or ["cerilla"]:
                theirs = [r[peer][workload] for r in rounds]
                pick = lambda rows, key="cpu_median_us": statistics.median(row[key] for row in rows)
                ratio = statistics.median(b["cpu_median_us"] / a["cpu_median_us"] for a, b in zip(ours, theirs))
                print(f"{workload:20} {peer:10} {pick(ours):9.2f} {pick(theirs):10.2f} {ratio:11.1f}x {pick(ours, 'rss_mb'):8.1f} {pick(theirs, 'rss_mb'):9.1f}")


if __name__ == "__main__":
    main()
