/* Walking several tensors of one shape together: dimensions are ordered by stride, so that memory is walked forward, and
 * merged where two of them are one run for every operand. A kernel then sees runs. */
#include <string.h>

#include "impl.h"

enum { RUN = 64, ROWS = 16, MOST_ACROSS = 2 };

/* Which of two dimensions is further in: 1 if b, -1 if a, 0 if nobody can tell. In a reduction the reduced dimensions, where
 * the output's stride is 0, come first; then the first operand whose strides differ decides; broadcast ones abstain. */
static int compare(const cer_Iterator *it, int64_t a, int64_t b, bool reduction)
{
    for (int k = 0; k < it->n; k++) {
        int64_t sa = it->stride[a][k], sb = it->stride[b][k];
        if (reduction && k == 0 && (sa == 0) != (sb == 0)) return sb == 0 ? 1 : -1;
        if (sa == 0 || sb == 0) continue;
        if (sa != sb) return sa < sb ? -1 : 1;
        if (it->shape[a] > it->shape[b]) return 1;
    }
    return 0;
}

static void swap_dims(cer_Iterator *it, int64_t a, int64_t b)
{
    int64_t shape = it->shape[a];
    it->shape[a] = it->shape[b];
    it->shape[b] = shape;
    for (int k = 0; k < it->n; k++) {
        int64_t stride = it->stride[a][k];
        it->stride[a][k] = it->stride[b][k];
        it->stride[b][k] = stride;
    }
}

/* Insertion sort, for there are few dimensions and mostly in order. Where nobody can tell, it looks further out, as
 * PyTorch does: the order of additions in a sum, and with it its last bit, depends on it. */
static void order(cer_Iterator *it, bool reduction)
{
    for (int64_t i = 1; i < it->ndim; i++) {
        int64_t at = i;
        for (int64_t j = i; j-- > 0;) {
            int c = compare(it, j, at, reduction);
            if (c < 0) break;
            if (c == 0) continue;
            swap_dims(it, j, at);
            at = j;
        }
    }
}

static void merge(cer_Iterator *it)
{
    int64_t last = 0;
    for (int64_t d = 1; d < it->ndim; d++) {
        bool one_run = true;
        for (int k = 0; k < it->n; k++) one_run &= it->stride[d][k] == it->stride[last][k] * it->shape[last];
        if (one_run) {
            it->shape[last] *= it->shape[d];
            continue;
        }
        last++;
        it->shape[last] = it->shape[d];
        for (int k = 0; k < it->n; k++) it->stride[last][k] = it->stride[d][k];
    }
    it->ndim = last + 1;
}

void cer_iterator_init(cer_Iterator *it, int n, int64_t ndim, const int64_t *shape, char *const *data,
                       const int64_t *const *stride, const size_t *element, bool reduction)
{
    it->n = n;
    it->ndim = 0;
    for (int k = 0; k < n; k++) it->data[k] = data[k], it->element[k] = (uint8_t)element[k];
    for (int64_t d = ndim; d-- > 0;) { /* innermost first; dimensions of one element say nothing */
        if (shape[d] == 1) continue;
        it->shape[it->ndim] = shape[d];
        for (int k = 0; k < n; k++) it->stride[it->ndim][k] = stride[k][d] * (int64_t)element[k];
        it->ndim++;
    }
    if (it->ndim == 0) {
        it->ndim = 1;
        it->shape[0] = 1;
        for (int k = 0; k < n; k++) it->stride[0][k] = 0;
        return;
    }
    order(it, reduction);
    merge(it);
}

/* ---- across ---------------------------------------------------------------------------------------------------------
 * In x + y.T one operand walks its memory across: every element of a run lies in another cache line. Such an operand is
 * turned in a small buffer, tile by tile, and the kernel sees runs of neighbours again. */
static bool is_across(const cer_Iterator *it, int k) /* forwards or backwards */
{
    int64_t element = it->element[k], run = it->stride[0][k];
    return (it->stride[1][k] == element || it->stride[1][k] == -element) && (run > element || run < -element);
}

static int across(const cer_Iterator *it, int which[MOST_ACROSS])
{
    int n = 0;
    if (it->ndim < 2 || it->shape[0] < RUN || it->shape[1] < ROWS || it->stride[0][0] != it->element[0]) return 0;
    for (int k = 1; k < it->n; k++)
        if (is_across(it, k) && n < MOST_ACROSS) which[n++] = k;
    return n;
}

/* to[r * RUN + i] = element (i, r) of the tile at `from`, whose rows are `step` bytes apart; `width` is a constant, and
 * the elements of a row lie `width` bytes apart, or -width */
static inline void turn_width(char *to, const char *from, int64_t run, int64_t rows, int64_t step, const int64_t width)
{
    for (int64_t i = 0; i < run; i++, from += step)
        for (int64_t r = 0; r < rows; r++)
            memcpy(to + (r * RUN + i) * (width < 0 ? -width : width), from + r * width,
                   (size_t)(width < 0 ? -width : width));
}

static void turn(char *to, const char *from, int64_t run, int64_t rows, int64_t step, int64_t width)
{
    switch (width) {
    case 1: turn_width(to, from, run, rows, step, 1); break;
    case 2: turn_width(to, from, run, rows, step, 2); break;
    case 4: turn_width(to, from, run, rows, step, 4); break;
    case 8: turn_width(to, from, run, rows, step, 8); break;
    case -1: turn_width(to, from, run, rows, step, -1); break;
    case -2: turn_width(to, from, run, rows, step, -2); break;
    case -4: turn_width(to, from, run, rows, step, -4); break;
    case -8: turn_width(to, from, run, rows, step, -8); break;
    }
}

/* The plane of the two innermost dimensions at data, in tiles of RUN x ROWS elements. */
static void run_tiles(const cer_Iterator *it, cer_Loop loop, const void *param, char *const *data, const int *which,
                      int n)
{
    _Alignas(64) char buffer[MOST_ACROSS][ROWS * RUN * 8];
    int64_t stride[CER_OPERANDS], step[CER_OPERANDS];
    for (int k = 0; k < it->n; k++) stride[k] = it->stride[0][k], step[k] = it->stride[1][k];
    for (int b = 0; b < n; b++) stride[which[b]] = it->element[which[b]], step[which[b]] = RUN * it->element[which[b]];
    for (int64_t row = 0; row < it->shape[1]; row += ROWS)
        for (int64_t i = 0; i < it->shape[0]; i += RUN) {
            char *at[CER_OPERANDS];
            int64_t rows = it->shape[1] - row < ROWS ? it->shape[1] - row : ROWS;
            int64_t run = it->shape[0] - i < RUN ? it->shape[0] - i : RUN;
            for (int k = 0; k < it->n; k++) at[k] = data[k] + row * it->stride[1][k] + i * it->stride[0][k];
            for (int b = 0; b < n; b++) {
                turn(buffer[b], at[which[b]], run, rows, it->stride[0][which[b]], it->stride[1][which[b]]);
                at[which[b]] = buffer[b];
            }
            for (int64_t r = 0; r < rows; r++) {
                loop(run, at, stride, param);
                for (int k = 0; k < it->n; k++) at[k] += step[k];
            }
        }
}

static void run_rows(const cer_Iterator *it, cer_Loop loop, const void *param, char *const *data, int64_t rows)
{
    char *at[CER_OPERANDS];
    for (int k = 0; k < it->n; k++) at[k] = data[k];
    for (int64_t r = 0; r < rows; r++) {
        loop(it->shape[0], at, it->stride[0], param);
        for (int k = 0; k < it->n; k++) at[k] += it->stride[1][k];
    }
}

void cer_iterator_run(const cer_Iterator *it, cer_Loop loop, const void *param)
{
    char *data[CER_OPERANDS];
    int64_t index[TORCH_MAX_DIM] = {0};
    for (int64_t d = 0; d < it->ndim; d++)
        if (it->shape[d] == 0) return;
    for (int k = 0; k < it->n; k++) data[k] = it->data[k];
    int which[MOST_ACROSS];
    const int tiled = across(it, which);
    for (;;) { /* a plane of the two innermost dimensions at once */
        if (tiled)
            run_tiles(it, loop, param, data, which, tiled);
        else if (it->ndim > 1)
            run_rows(it, loop, param, data, it->shape[1]);
        else
            loop(it->shape[0], data, it->stride[0], param);
        int64_t d = 2;
        for (; d < it->ndim; d++) {
            for (int k = 0; k < it->n; k++) data[k] += it->stride[d][k];
            if (++index[d] < it->shape[d]) break;
            for (int k = 0; k < it->n; k++) data[k] -= it->stride[d][k] * it->shape[d];
            index[d] = 0;
        }
        if (d >= it->ndim) return;
    }
}

void cer_iterator_copy(const cer_Iterator *it, int to, int from)
{
    int which[MOST_ACROSS];
    bool empty = false;
    for (int64_t d = 0; d < it->ndim; d++) empty |= it->shape[d] == 0;
    if (empty) return;
    if (to != from || across(it, which))
        cer_iterator_run(it, cer_kernels()->cast[to][from], NULL);
    else
        cer_iterator_blocks(it, cer_kernels()->copy[to], NULL);
}

void cer_iterator_blocks(const cer_Iterator *it, cer_BlockLoop loop, const void *param)
{
    int64_t index[TORCH_MAX_DIM + 1] = {0};
    cer_Block b = {.n0 = it->shape[0], .n1 = it->ndim > 1 ? it->shape[1] : 1};
    for (int k = 0; k < it->n; k++) {
        b.data[k] = it->data[k];
        b.s0[k] = it->stride[0][k];
        b.s1[k] = it->ndim > 1 ? it->stride[1][k] : 0;
    }
    for (;;) {
        loop(&b, param);
        int64_t d = 2;
        for (; d < it->ndim; d++) {
            for (int k = 0; k < it->n; k++) b.data[k] += it->stride[d][k];
            if (++index[d] < it->shape[d]) break;
            for (int k = 0; k < it->n; k++) b.data[k] -= it->stride[d][k] * it->shape[d];
            index[d] = 0;
        }
        if (d >= it->ndim) return;
    }
}

/* Puts a dimension of n elements before all others: what a block runs along. */
static void put_first(cer_Iterator *it, int64_t n, const int64_t *stride)
{
    if (it->ndim == 1 && it->shape[0] == 1) it->ndim = 0;
    for (int64_t d = it->ndim++; d > 0; d--) {
        it->shape[d] = it->shape[d - 1];
        for (int k = 0; k < it->n; k++) it->stride[d][k] = it->stride[d - 1][k];
    }
    it->shape[0] = n;
    for (int k = 0; k < it->n; k++) it->stride[0][k] = stride[k];
}

/* Strides of an output as seen from x's dimensions: 0 where it is reduced. */
static void reduced_strides(const Tensor *x, const Tensor *out, uint32_t reduced, uint32_t kept, int64_t *stride)
{
    int k = 0;
    for (int d = 0; d < x->ndim; d++) {
        bool gone = reduced >> d & 1;
        stride[d] = gone ? 0 : out->stride[k];
        if (!gone || kept >> d & 1) k++;
    }
}

void cer_reduce(cer_BlockLoop loop, const void *param, const Tensor *x, int n, Tensor *const *out, uint32_t reduced,
                uint32_t kept)
{
    if (x->numel == 0) return;
    int64_t strides[CER_OPERANDS][TORCH_MAX_DIM];
    const int64_t *stride[CER_OPERANDS];
    char *data[CER_OPERANDS];
    size_t element[CER_OPERANDS];
    for (int k = 0; k < n; k++) {
        int at = k ? k + 1 : 0;
        reduced_strides(x, out[k], reduced, kept, strides[at]);
        stride[at] = strides[at];
        data[at] = out[k]->data;
        element[at] = (size_t)cer_size_of(out[k]->dtype);
    }
    stride[1] = x->stride;
    data[1] = x->data;
    element[1] = (size_t)cer_size_of(x->dtype);
    cer_Iterator it;
    cer_iterator_init(&it, n + 1, x->ndim, x->shape, data, stride, element, true);
    const int64_t none[CER_OPERANDS] = {0};
    if (it.stride[0][0] != 0) put_first(&it, 1, none); /* only dimensions of size 1 are reduced */
    if (n < 2) it.data[2] = NULL, it.n = 2;
    cer_iterator_blocks(&it, loop, param);
}

void cer_run_along(cer_BlockLoop loop, const void *param, int64_t dim, bool backwards, int n, Tensor *const *operand)
{
    const Tensor *x = operand[0];
    if (x->numel == 0) return;
    int64_t shape[TORCH_MAX_DIM] = {0}, along[CER_OPERANDS] = {0};
    const int64_t *stride[CER_OPERANDS] = {NULL};
    char *data[CER_OPERANDS] = {NULL};
    size_t element[CER_OPERANDS] = {0};
    for (int d = 0; d < x->ndim; d++) shape[d] = d == dim ? 1 : x->shape[d];
    for (int k = 0; k < n; k++) {
        element[k] = (size_t)cer_size_of(operand[k]->dtype);
        along[k] = x->ndim ? operand[k]->stride[dim] * (int64_t)element[k] : 0;
        data[k] = operand[k]->data + (backwards && x->ndim ? (x->shape[dim] - 1) * along[k] : 0);
        stride[k] = operand[k]->stride;
        if (backwards) along[k] = -along[k];
    }
    cer_Iterator it;
    cer_iterator_init(&it, n, x->ndim, shape, data, stride, element, false);
    put_first(&it, x->ndim ? x->shape[dim] : 1, along);
    cer_iterator_blocks(&it, loop, param);
}
