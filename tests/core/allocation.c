/* Memory: classes are used again, and its end is an error like any other. */
#include "cases.h"

START_TEST(blocks_are_used_again)
{
    static const size_t sizes[] = {1,    64,   65,    200,   1000,  1024,   1025,    1100,
                                   2000, 5000, 40000, 65536, 65537, 100000, 4 << 20, (4 << 20) + 128};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *a = cer_alloc(sizes[i]);
        ck_assert_int_eq((intptr_t)a % 64, 0);
        memset(a, 1, sizes[i]);
        cer_free(a, sizes[i]);
        char *b = cer_alloc(sizes[i]);
        if (!cer_alloc_bypassed()) ck_assert_ptr_eq(a, b);
        cer_free(b, sizes[i]);
    }
}
END_TEST

/* The cache of large blocks gives back what it holds when it is full, or when it is told to. */
START_TEST(large_blocks_are_given_back)
{
    const size_t half = (size_t)130 << 20, other = (size_t)100 << 20;
    if (cer_alloc_bypassed()) return;
    char *a = cer_alloc(half), *b = cer_alloc(other);
    ck_assert(a && b);
    cer_free(a, half);
    cer_free(b, other); /* both do not fit: the first went */
    char *again = cer_alloc(other);
    ck_assert_ptr_eq(again, b);
    cer_free(again, other);
    torch_empty_cache();
    torch_empty_cache();
    char *small = cer_alloc(200);
    cer_free(small, 200);
    torch_empty_cache(); /* keeps the small ones */
    ck_assert_ptr_eq(small, cer_alloc(200));
    cer_free(small, 200);
}
END_TEST

START_TEST(every_size_is_all_there)
{
    enum { N = 5000 };
    static unsigned char *block[N];
    for (size_t i = 0; i < N; i++) {
        block[i] = cer_alloc(i);
        ck_assert_ptr_nonnull(block[i]);
        memset(block[i], (int)(i % 251), i);
    }
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < i; k += i / 7 + 1) ck_assert_int_eq(block[i][k], (int)(i % 251));
        if (i) ck_assert_int_eq(block[i][i - 1], (int)(i % 251));
        cer_free(block[i], i);
    }
    cer_free(NULL, 100);
}
END_TEST

START_TEST(grow)
{
    char *a = cer_grow(NULL, 0, 10);
    memcpy(a, "123456789", 10);
    a = cer_grow(a, 10, 100000);
    ck_assert_str_eq(a, "123456789");
    torch_fail_allocation(1);
    ck_assert_ptr_null(cer_grow(a, 100000, 200000));
    torch_fail_allocation(0);
    ck_assert_str_eq(a, "123456789"); /* still valid */
    cer_free(a, 100000);
}
END_TEST

START_TEST(huge_sizes)
{
    ck_assert_ptr_null(cer_alloc(SIZE_MAX));
    ck_assert_ptr_null(cer_alloc(SIZE_MAX - 63));
    ck_assert_ptr_null(cer_alloc(SIZE_MAX / 2));
    ck_assert_no_error(); /* cer_alloc does not raise */
    ck_assert_ptr_null(cer_empty(torch_float32, 1, (const int64_t[]){INT64_C(1) << 56}));
    ck_assert_error(
        TORCH_MEMORY_ERROR,
        "DefaultCPUAllocator: can't allocate memory: you tried to allocate 288230376151711744 bytes. Error code "
        "12 (Cannot allocate memory)");
    ck_assert_ptr_null(cer_empty(torch_float32, 1, (const int64_t[]){INT64_C(1) << 62}));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Storage size calculation overflowed with sizes=[4611686018427387904]");
    ck_assert_ptr_null(cer_empty(torch_float32, 2, (const int64_t[]){INT64_C(1) << 40, INT64_C(1) << 40}));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "Storage size calculation overflowed with sizes=[1099511627776, 1099511627776]");
    ck_assert_ptr_null(cer_empty(
        torch_float64, 8,
        (const int64_t[]){INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}));
    ck_assert_int_eq(torch_error_code(), TORCH_RUNTIME_ERROR);
    torch_error_clear();
}
END_TEST

START_TEST(huge_results_of_small_operands)
{
    Tensor *row = cer_zeros(torch_float32, 1, (const int64_t[]){1}), *wide;
    cer_SizeAttrs to = {.ndim = 3, .size = {INT64_C(1) << 20, INT64_C(1) << 20, INT64_C(1) << 14}};
    ck_assert_ptr_nonnull(wide = cer_call1(&cer_op_expand, row, &to)); /* takes no memory */
    ck_assert_ptr_null(cer_call2(&cer_op_add, wide, row, NULL));
    ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
    torch_error_clear();
    ck_assert_ptr_null(cer_call1(&cer_op_clone, wide, NULL));
    ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
    torch_error_clear();
}
END_TEST

/* An op that makes a tensor asks for a header and a storage, and for a node where it is recorded. */
START_TEST(each_part_may_fail)
{
    for (int recorded = 0; recorded < 2; recorded++) {
        Tensor *x = torch_requires_grad_(small(), recorded);
        cer_call2(&cer_op_add, x, x, NULL); /* makes the accumulator, fills the caches */
        int64_t before = torch_allocations(), tensors = torch_live_tensors(), nodes = torch_live_nodes();
        cer_call2(&cer_op_add, x, x, NULL);
        int64_t parts = torch_allocations() - before;
        ck_assert_int_ge(parts, 2 + recorded);
        tensors++, nodes += recorded;
        for (int64_t k = 1; k <= parts; k++) {
            int errors = support_errors_raised();
            torch_fail_allocation(k);
            ck_assert_ptr_null(cer_call2(&cer_op_add, x, x, NULL));
            torch_fail_allocation(0);
            ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
            ck_assert_str_eq(torch_error_op(), "add");
            torch_error_clear();
            ck_assert_int_eq(support_errors_raised(), errors + 1);
            ck_assert_int_eq(torch_live_tensors(), tensors);
            ck_assert_int_eq(torch_live_nodes(), nodes);
        }
        ck_assert_ptr_nonnull(cer_call2(&cer_op_add, x, x, NULL));
    }
}
END_TEST

START_TEST(accumulator_may_fail)
{
    for (int64_t k = 1;; k++) {
        torch_scope();
        Tensor *x = torch_requires_grad_(small(), true);
        torch_fail_allocation(k);
        Tensor *y = cer_call2(&cer_op_add, x, x, NULL);
        torch_fail_allocation(0);
        if (y) break;
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
        ck_assert_ptr_nonnull(cer_call2(&cer_op_add, x, x, NULL));
        ck_assert_int_lt(k, 20);
    }
}
END_TEST

START_TEST(pool_and_marks_may_fail)
{
    for (int64_t k = 1; k < 30; k++) {
        torch_Context *c = torch_context_new(), *own = torch_context_swap(c);
        torch_push_error_handler(torch_error_silent, NULL);
        int64_t live = torch_live_tensors();
        torch_fail_allocation(k);
        int64_t mark = torch_scope_push();
        for (int i = 0; i < 200; i++) {
            torch_scope_push();
            small();
        }
        torch_fail_allocation(0);
        torch_error_clear();
        if (mark >= 0) {
            torch_scope_pop(mark);
            ck_assert_int_eq(torch_live_tensors(), live);
        }
        torch_context_swap(own);
        torch_context_free(c);
        ck_assert_int_eq(torch_live_tensors(), live);
    }
}
END_TEST

START_TEST(context_may_fail)
{
    torch_fail_allocation(1);
    ck_assert_ptr_null(torch_context_new());
    torch_fail_allocation(0);
    ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
    torch_error_clear();
}
END_TEST

START_TEST(failure_is_for_one_allocation)
{
    torch_fail_allocation(3);
    void *a = cer_alloc(10), *b = cer_alloc(10), *c = cer_alloc(10), *d = cer_alloc(10);
    ck_assert(a && b && !c && d);
    torch_fail_allocation(1);
    torch_fail_allocation(0); /* taken back */
    c = cer_alloc(10);
    ck_assert_ptr_nonnull(c);
    cer_free(a, 10), cer_free(b, 10), cer_free(c, 10), cer_free(d, 10);
}
END_TEST

TCase *allocation_case(void)
{
    return test_case("allocation", blocks_are_used_again, large_blocks_are_given_back, every_size_is_all_there, grow,
                     huge_sizes, huge_results_of_small_operands, each_part_may_fail, accumulator_may_fail,
                     pool_and_marks_may_fail, context_may_fail, failure_is_for_one_allocation);
}
