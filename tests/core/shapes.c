/* Shapes, strides and memory of views, and pointwise results on operands laid out in every way. */
#include "cases.h"
#include "ops/ops.h"

START_TEST(strides_of_views)
{
    Tensor *x = torch_arange(24), *v = torch_view(x, 2, 3, 4);
    ck_assert_int_eq(torch_stride(v, 0), 12);
    Tensor *t = torch_transpose(v, 0, 2);
    ck_assert_shape(t, 4, 3, 2);
    ck_assert(torch_stride(t, 0) == 1 && torch_stride(t, 2) == 12 && !torch_is_contiguous(t));
    Tensor *s = torch_index(v, "1:, 1:, ::2");
    ck_assert_shape(s, 1, 2, 2);
    ck_assert_int_eq(torch_storage_offset(s), 16);
    ck_assert_tensor(s, 4, ((double[]){16, 18, 20, 22}), 0, 0);
    Tensor *e = torch_expand(torch_view(x, 24, 1), 24, 5);
    ck_assert(torch_stride(e, 1) == 0 && torch_numel(e) == 120 && !torch_is_contiguous(e));
    ck_assert(torch_is_contiguous(torch_t(torch_zeros(1, 3))) && torch_is_contiguous(torch_zeros(2, 0, 3)));
    ck_assert_ptr_eq(torch_data_ptr(v), torch_data_ptr(x));
}
END_TEST

START_TEST(versions_are_shared_by_views)
{
    Tensor *x = torch_zeros(4), *v = torch_view(x, 2, 2), *d = torch_detach(x);
    ck_assert_int_eq(torch_version_of(x), 0);
    torch_add_(v, 1);
    torch_add_(d, 1);
    ck_assert(torch_version_of(x) == 2 && torch_version_of(v) == 2 && torch_version_of(d) == 2);
    ck_assert_int_eq(torch_version_of(torch_clone(x)), 0);
}
END_TEST

static uint64_t state = 88172645463325252u;

static int64_t below(int64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % (uint64_t)n);
}

/* A tensor that broadcasts to this shape, laid out somehow: dimensions turned, cut out of something larger, or left out. */
static Tensor *somehow(int64_t ndim, const int64_t *shape)
{
    int64_t size[TORCH_MAX_DIM], turn[TORCH_MAX_DIM], back[TORCH_MAX_DIM], lead = below(4) ? 0 : below(ndim + 1),
                                                                           n = ndim - lead;
    for (int64_t d = 0; d < n; d++) size[d] = below(4) ? shape[lead + d] : 1, turn[d] = d;
    for (int64_t d = n; d-- > 1;) {
        int64_t j = below(d + 1), other = turn[d];
        turn[d] = turn[j], turn[j] = other;
    }
    int64_t made[TORCH_MAX_DIM];
    for (int64_t d = 0; d < n; d++) made[d] = size[turn[d]] + below(2), back[turn[d]] = d;
    Tensor *t = torch_randint(0, 50, 1000);
    int64_t numel = 1;
    for (int64_t d = 0; d < n; d++) numel *= made[d];
    t = torch_view_n(torch_slice(t, 0, 0, numel, 1), n, made);
    for (int64_t d = 0; d < n; d++) t = torch_narrow(t, d, made[d] - size[turn[d]], size[turn[d]]);
    return torch_permute_n(t, n, back);
}

static int64_t at(const Tensor *t, int64_t i, int64_t ndim,
                  const int64_t *shape) /* element i of t broadcast to the shape */
{
    int64_t offset = 0, lead = ndim - torch_dim(t);
    for (int64_t d = ndim; d-- > 0; i /= shape[d])
        if (d >= lead && torch_size(t, d - lead) != 1) offset += i % shape[d] * torch_stride(t, d - lead);
    return ((const int64_t *)torch_data_ptr(t))[offset];
}

START_TEST(pointwise_on_any_layout)
{
    for (int round = 0; round < 500; round++) {
        torch_scope();
        int64_t ndim = below(6), shape[TORCH_MAX_DIM], numel = 1;
        for (int64_t d = 0; d < ndim; d++) shape[d] = below(12) == 0 ? 0 : below(3) + 1;
        Tensor *a = somehow(ndim, shape), *b = somehow(ndim, shape);
        Tensor *c = torch_expand_n(somehow(ndim, shape), ndim, shape); /* so that the result has the whole shape */
        Tensor *y = torch_sub(torch_mul(a, b), c), *out = torch_zeros_n(ndim, shape, torch_int64);
        ck_assert_no_error();
        torch_copy_(out, y);
        for (int64_t d = 0; d < ndim; d++) numel *= shape[d];
        for (int64_t d = 0; d < ndim; d++) ck_assert_int_eq(torch_size(y, d), shape[d]);
        for (int64_t i = 0; i < numel; i++) {
            int64_t want = at(a, i, ndim, shape) * at(b, i, ndim, shape) - at(c, i, ndim, shape);
            ck_assert_int_eq(at(y, i, ndim, shape), want);
            ck_assert_int_eq(((const int64_t *)torch_data_ptr(out))[i], want);
        }
    }
}
END_TEST

/* PyTorch refuses this for tensors without gaps (tests/autograd/inplace.c) and says nothing of others. There no element is
 * read after it was written. */
START_TEST(overlapping_writes)
{
    Tensor *x = torch_arange(10);
    torch_copy_(torch_slice(x, 0, 2, 10, 2), torch_slice(x, 0, 0, 8, 2));
    ck_assert_tensor(x, 10, ((double[]){0, 1, 0, 3, 2, 5, 4, 7, 6, 9}), 0, 0);
    torch_add_(torch_slice(x, 0, 2, 10, 2), torch_slice(x, 0, 0, 8, 2));
    ck_assert_tensor(x, 10, ((double[]){0, 1, 0, 3, 2, 5, 6, 7, 10, 9}), 0, 0);
}
END_TEST

TCase *shapes_case(void)
{
    return test_case("shapes", strides_of_views, versions_are_shared_by_views, pointwise_on_any_layout,
                     overlapping_writes);
}
