/* Between the random suites of core and ops: rows of reference/random_cases.h, run and compared bit for bit. */
#ifndef CERILLA_TESTS_RANDOM_DRAWS_H
#define CERILLA_TESTS_RANDOM_DRAWS_H

#include <stdio.h>

#include "tests/support.h"

#include "core/impl.h"

#include "tests/reference/random_cases.h"

#define LENGTH(array) ((int)(sizeof(array) / sizeof *(array)))

static inline uint64_t fnv(uint64_t h, const void *data, size_t bytes)
{
    const uint8_t *byte = data;
    for (size_t i = 0; i < bytes; i++) h = (h ^ byte[i]) * UINT64_C(0x100000001b3);
    return h;
}

/* The elements in row order, whatever the strides; and the first bytes in hex. */
static inline uint64_t hash_of(const Tensor *t, char *first, size_t room)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    size_t size = torch_dtype_size((torch_dtype)t->dtype), used = 0;
    for (int64_t i = 0; i < t->numel; i++) {
        int64_t rest = i, offset = 0;
        for (int64_t d = t->ndim; d-- > 0; rest /= t->shape[d]) offset += rest % t->shape[d] * t->stride[d];
        const char *at = t->data + offset * (int64_t)size;
        h = fnv(h, at, size);
        for (size_t k = 0; k < size && used + 3 <= room; k++)
            used += (size_t)snprintf(first + used, 3, "%02x", (uint8_t)at[k]);
    }
    first[used] = 0;
    return h;
}

static inline uint64_t state_hash(torch_Generator *g)
{
    torch_scope();
    char first[1];
    Tensor *state = torch_Generator_get_state(g);
    ck_assert_ptr_nonnull(state);
    return hash_of(state, first, 0);
}

/* One row: the tensor that `run` makes, and the generator's state afterwards. */
static inline void check_case(const struct RandomCase *c, int row, Tensor *(*run)(const Draw *))
{
    char first[65];
    if (c->reseed) torch_manual_seed(c->seed);
    Tensor *t = run(&c->draw);
    ck_assert_no_error();
    uint64_t data = hash_of(t, first, sizeof first);
    ck_assert_msg(data == c->data, "row %d draws %s..., PyTorch %s...", row, first, c->first);
    ck_assert_msg(state_hash(torch_default_generator()) == c->state, "row %d leaves another state than PyTorch", row);
}

static inline void check_cases(const struct RandomCase *cases, int n, Tensor *(*run)(const Draw *))
{
    for (int i = 0; i < n; i++) {
        torch_scope();
        check_case(&cases[i], i, run);
    }
}

/* Zeros in the memory that the row asks for. */
static inline Tensor *target_of(const Draw *d)
{
    torch_Size size = {.ndim = d->ndim};
    int64_t n = d->ndim, last = n - 1;
    memcpy(size.dim, d->shape, sizeof size.dim);
    if (d->layout == SLICED) size.dim[last] *= 2;
    Tensor *t = cer_zeros(d->dtype, n, size.dim);
    ck_assert_ptr_nonnull(t);
    if (d->layout == PLAIN) return t;
    t->shape[last] = d->shape[last];
    t->stride[last] = d->layout == SLICED ? 2 : d->shape[last - 1];
    if (d->layout == TRANSPOSED) t->stride[last - 1] = 1;
    cer_update_contiguous(t);
    return t;
}

#endif
