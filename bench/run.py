#!/usr/bin/env python3
"""Runs the benchmark programs and their twins in PyTorch and libtorch, alternating, and prints ours, theirs and the ratio.

    bench/run.py BUILD_DIR [--check] [PATTERN]     (./dev bench calls it)

PATTERN: a program (notebook, ops, files), or a part of workloads' names. Each program prints one JSON line per workload. Medians of
ROUNDS alternating rounds; the ratio is the median of the paired ratios, so that a neighbour's load, which both sides see,
cancels. A row of ops.def that is SETTLED in both of the first two rounds, as fast as PyTorch within noise, is not repeated.
Raw lines go to bench/results/PROGRAM.jsonl. --check: exit 1 when a row takes more than SLOWEST of PyTorch's time."""
import json
import os
import shutil
import statistics
import subprocess
import sys

ROUNDS, SLOWEST, SETTLED = 5, 1.2, 1.05  # times of PyTorch's
HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = {"notebook": 0.5, "ops": 0.06, "files": 1}  # bench/NAME.c, NAME_torch.py, NAME_libtorch.cpp: seconds per workload and round


def works(command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def cpu_has(feature):
    try:
        with open("/proc/cpuinfo") as f:
            return any(feature in line.split() for line in f if line.startswith("flags"))
    except OSError:
        return False


def libtorch(name, build):
    """The C++ twin, compiled if libtorch's headers are there."""
    source, binary = os.path.join(HERE, name + "_libtorch.cpp"), os.path.join(build, "bench", name + "_libtorch")
    include = "/usr/include/torch/csrc/api/include"
    if not (os.path.exists(source) and os.path.isdir(include) and shutil.which("g++")):
        return None
    if not os.path.exists(binary) or os.path.getmtime(binary) < os.path.getmtime(source):
        print("compiling", os.path.relpath(source), file=sys.stderr)
        command = ["g++", "-std=c++17", "-O2", "-I" + include, source, "-o", binary, "-ltorch", "-ltorch_cpu", "-lc10"]
        if subprocess.run(command).returncode:
            return None
    return [binary]


def peers(name, build):
    commands = {"cerilla": [os.path.join(build, "bench", "bench_" + name)]}
    if works(["/usr/bin/python3", "-c", "import torch"]):
        commands["pytorch"] = ["/usr/bin/python3", os.path.join(HERE, name + "_torch.py")]
    if libtorch(name, build):
        commands["libtorch"] = libtorch(name, build)
    return commands


def measure(command, pattern, seconds):
    env = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", BENCH_SECONDS=str(seconds))
    if cpu_has("avx512vl"):
        env.setdefault("ATEN_CPU_CAPABILITY", "avx512")  # PyTorch 1.13 takes avx2 by itself
    lines = subprocess.run(command + [pattern], stdout=subprocess.PIPE, text=True, env=env, check=True).stdout.splitlines()
    return {r["workload"]: r for r in map(json.loads, lines)}


def ratios(rounds, workload, peer):
    """theirs / ours of the rounds that have the workload"""
    return [r[peer][workload]["cpu_median_us"] / r["cerilla"][workload]["cpu_median_us"] for r in rounds if workload in r["cerilla"]]


def open_rows(rounds):
    return [w for w in rounds[0]["cerilla"] if "pytorch" not in rounds[0] or min(ratios(rounds, w, "pytorch")) < 1 / SETTLED]


def rounds_of(name, commands, pattern):
    rounds = []
    for i in range(ROUNDS):
        if name == "ops" and i >= 2:
            rows = open_rows(rounds[:2])
            pattern = "=" + "".join(row + "," for row in rows)  # exactly these
            if not rows:
                break
        what = f"{pattern.count(',')} rows" if pattern.startswith("=") else pattern or "all rows"
        print(f"{name}: round {i + 1} of {ROUNDS}, {what}: {', '.join(commands)}", file=sys.stderr)
        rounds.append({peer: measure(command, pattern, PROGRAMS[name]) for peer, command in commands.items()})
    os.makedirs(os.path.join(HERE, "results"), exist_ok=True)
    with open(os.path.join(HERE, "results", name + ".jsonl"), "w") as f:
        for r in rounds:
            for rows in r.values():
                f.writelines(json.dumps(row) + "\n" for row in rows.values())
    return rounds


def table(rounds, commands):
    """Prints a line per workload and peer; returns the workloads that are too slow."""
    slow = []
    print(f"{'workload':24} {'peer':10} {'ours us':>10} {'theirs us':>10} {'theirs/ours':>12} {'peak MB':>8} {'theirs MB':>9}")
    for workload in rounds[0]["cerilla"]:
        ours = [r["cerilla"][workload] for r in rounds if workload in r["cerilla"]]
        for peer in [p for p in commands if p != "cerilla"] or ["cerilla"]:
            theirs = [r[peer][workload] for r in rounds if workload in r["cerilla"]]
            pick = lambda rows, key="cpu_median_us": statistics.median(row[key] for row in rows)
            ratio = statistics.median(ratios(rounds, workload, peer))
            late = peer == "pytorch" and ratio < 1 / SLOWEST
            slow += [workload] if late else []
            print(f"{workload:24} {peer:10} {pick(ours):10.2f} {pick(theirs):10.2f} {ratio:11.2f}x {pick(ours, 'rss_mb'):8.1f} "
                  f"{pick(theirs, 'rss_mb'):9.1f}{'  slower' if late else ''}")
    return slow


def main():
    arguments = [a for a in sys.argv[2:] if a != "--check"]
    build, pattern, slow = sys.argv[1], arguments[0] if arguments else "", []
    for name in [n for n in PROGRAMS if n.startswith(pattern)] or PROGRAMS:
        commands = peers(name, build)
        rounds = rounds_of(name, commands, "" if name.startswith(pattern) else pattern)
        if rounds[0]["cerilla"]:
            slow += table(rounds, commands)
    if slow:
        print(f"more than {SLOWEST} of PyTorch's time: {', '.join(slow)}")
    return 1 if slow and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
