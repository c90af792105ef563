/* Runs a fuzz target without a fuzzer: each file as it is, and so many times changed in a few places, from a fixed seed.
 *
 *     fuzz_pt_replay ROUNDS FILES...      what a fuzzer found: ROUNDS 0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"

enum { MOST = 1 << 20 };

static uint64_t state = 0x9e3779b97f4a7c15u;

static size_t drawn(size_t n) /* xorshift64*: 0 to n - 1 */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (size_t)((state * 2685821657736338717u >> 33) % n);
}

/* Other bytes, extreme ones, a part somewhere else, the end cut off. */
static size_t change(uint8_t *data, size_t size)
{
    static const uint8_t extreme[] = {0, 1, 0x7f, 0x80, 0xff};
    for (size_t k = 1 + drawn(4); k-- && size;) {
        size_t at = drawn(size), to = drawn(size), n = 1 + drawn(16);
        if (n > size - at) n = size - at;
        if (n > size - to) n = size - to;
        switch (drawn(5)) {
        case 0: data[at] ^= (uint8_t)(1u << drawn(8)); break;
        case 1: memset(data + at, extreme[drawn(5)], n); break;
        case 2: memmove(data + to, data + at, n); break;
        case 3: data[at] = (uint8_t)drawn(256); break;
        default: size = drawn(8) ? size : at;
        }
    }
    return size;
}

static size_t read_all(const char *path, uint8_t *to)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(to, 1, MOST, f) : 0;
    if (f) fclose(f);
    return n;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0, runs = 0;
    uint8_t *whole = malloc(MOST), *changed = malloc(MOST);
    for (int i = 2; i < argc && whole && changed; i++) {
        size_t n = read_all(argv[i], whole);
        LLVMFuzzerTestOneInput(whole, n);
        runs++;
        for (long k = 0; k < rounds; k++, runs++) {
            memcpy(changed, whole, n);
            LLVMFuzzerTestOneInput(changed, change(changed, n));
        }
    }
    free(whole);
    free(changed);
    printf("%ld runs\n", runs);
    return runs == 0;
}
