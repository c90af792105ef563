/* Timing for the benchmark programs: batches of thread-CPU and wall time, their medians, one JSON line per workload. */
#ifndef CERILLA_BENCH_H
#define CERILLA_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

typedef void (*bench_Body)(void *data); /* one execution of the workload */

static double bench_seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int bench_ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double bench_median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, bench_ascending);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Is the workload asked for? pattern: a part of its name, or =one,other, for exactly these. */
static inline bool bench_wanted(const char *workload, const char *pattern)
{
    size_t length = strlen(workload);
    if (*pattern != '=') return strstr(workload, pattern) != NULL;
    for (const char *at = pattern; *at && at[1]; at = strchr(at + 1, ','))
        if (strncmp(at + 1, workload, length) == 0 && at[1 + length] == ',') return true;
    return false;
}

/* Peak resident memory of this program, not of what started it. */
static double bench_peak_mb(void)
{
    char line[256];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1) break;
    if (f) fclose(f);
    if (kib) return (double)kib / 1024;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

/* Warms up, then times batches for BENCH_SECONDS (0.5): at least 9, each long enough that the clock does not matter. */
static void bench_run(const char *workload, bench_Body body, void *data, int64_t (*allocations)(void))
{
    enum { MOST = 400 };
    static double wall[MOST], cpu[MOST];
    const char *wanted = getenv("BENCH_SECONDS");
    double seconds = wanted ? atof(wanted) : 0.5, start = bench_seconds(CLOCK_MONOTONIC), now;
    int64_t warm = 0, inner;
    do {
        body(data);
        warm++;
        now = bench_seconds(CLOCK_MONOTONIC);
    } while (now - start < seconds / 5);
    inner = (int64_t)(0.002 / ((now - start) / (double)warm)) + 1;
    int64_t before = allocations ? allocations() : 0;
    int n = 0;
    double begin = bench_seconds(CLOCK_MONOTONIC);
    while (n < MOST && (n < 9 || bench_seconds(CLOCK_MONOTONIC) - begin < seconds)) {
        double w = bench_seconds(CLOCK_MONOTONIC), c = bench_seconds(CLOCK_THREAD_CPUTIME_ID);
        for (int64_t i = 0; i < inner; i++) body(data);
        cpu[n] = (bench_seconds(CLOCK_THREAD_CPUTIME_ID) - c) / (double)inner;
        wall[n++] = (bench_seconds(CLOCK_MONOTONIC) - w) / (double)inner;
    }
    int64_t per_step = allocations ? (allocations() - before) / (inner * n) : 0;
    printf("{\"workload\": \"%s\", \"peer\": \"cerilla\", \"median_us\": %.4f, \"cpu_median_us\": %.4f, \"runs\": %d, "
           "\"inner\": %lld, "
           "\"blocks_per_step\": %lld, \"rss_mb\": %.1f}\n",
           workload, 1e6 * bench_median(wall, n), 1e6 * bench_median(cpu, n), n, (long long)inner, (long long)per_step,
           bench_peak_mb());
}

#endif
