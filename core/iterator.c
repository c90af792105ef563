/* Walking several tensors of one shape together: dimensions are ordered by stride, so that memory is walked forward, and
 * merged where two of them are one run for every operand. A kernel then sees runs. */
#include "impl.h"

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
    for (int k = 0; k < n; k++) it->data[k] = data[k];
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

void cer_iterator_run(const cer_Iterator *it, cer_Loop loop, const void *param)
{
    char *data[CER_OPERANDS];
    int64_t index[TORCH_MAX_DIM] = {0};
    for (int64_t d = 0; d < it->ndim; d++)
        if (it->shape[d] == 0) return;
    for (int k = 0; k < it->n; k++) data[k] = it->data[k];
    for (;;) {
        loop(it->shape[0], data, it->stride[0], param);
        int64_t d = 1;
        for (; d < it->ndim; d++) {
            for (int k = 0; k < it->n; k++) data[k] += it->stride[d][k];
            if (++index[d] < it->shape[d]) break;
            for (int k = 0; k < it->n; k++) data[k] -= it->stride[d][k] * it->shape[d];
            index[d] = 0;
        }
        if (d == it->ndim) return;
    }
}
