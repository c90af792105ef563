"""Timing for the Python twins: the same batches as bench.h, one JSON line per workload."""
import json
import os
import statistics
import time

SECONDS = float(os.environ.get("BENCH_SECONDS", "0.5"))


def peak_mb():
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM")) / 1024


def wanted(name, pattern):
    return name in pattern[1:].split(",") if pattern.startswith("=") else pattern in name


def run(name, body, peer):
    start, warm = time.perf_counter(), 0
    while time.perf_counter() - start < SECONDS / 5:
        body()
        warm += 1
    inner = int(0.002 / ((time.perf_counter() - start) / warm)) + 1
    wall, cpu, begin = [], [], time.perf_counter()
    while len(wall) < 9 or time.perf_counter() - begin < SECONDS:
        w, c = time.perf_counter(), time.thread_time()
        for _ in range(inner):
            body()
        cpu.append((time.thread_time() - c) / inner)
        wall.append((time.perf_counter() - w) / inner)
    print(json.dumps({"workload": name, "peer": peer, "median_us": 1e6 * statistics.median(wall), "runs": len(wall),
                      "cpu_median_us": 1e6 * statistics.median(cpu), "inner": inner, "rss_mb": peak_mb()}), flush=True)
