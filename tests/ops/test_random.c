/* The random functions beside PyTorch's: numbers, refusals, and what in place means for history. */
#define RANDOM_BOUNDS
#include "tests/random_draws.h"

#include "ops/ops.h"

static Tensor *run(const Draw *d)
{
    switch (d->op) {
    case RAND: return torch_rand_n(d->ndim, d->shape, d->dtype);
    case RANDN: return torch_randn_n(d->ndim, d->shape, d->dtype);
    case RANDPERM: return torch_randperm(d->shape[0]);
    case RANDINT: {
        torch_FactoryArgs a = torch_FactoryArgs_defaults();
        memcpy(a.size, d->shape, sizeof(int64_t) * (size_t)d->ndim);
        a.dtype = d->dtype;
        return torch_randint_args(d->low, d->high, &a);
    }
    case UNIFORM: return torch_uniform_(target_of(d), d->a, d->b);
    case NORMAL: return torch_normal_(target_of(d), d->a, d->b);
    case BERNOULLI: return torch_bernoulli_(target_of(d), d->a);
    default: return torch_random_(target_of(d), d->low, d->high);
    }
}

START_TEST(draws_what_pytorch_draws)
{
    check_cases(random_cases, LENGTH(random_cases), run);
}
END_TEST

START_TEST(moves_bounds_as_pytorch_does)
{
    torch_WarningHandler before = torch_set_warning_handler(NULL);
    check_cases(bound_cases, LENGTH(bound_cases), run);
    torch_set_warning_handler(before);
}
END_TEST

START_TEST(refuses_what_pytorch_refuses)
{
    for (int i = 0; i < LENGTH(refused_cases); i++) {
        torch_scope();
        uint64_t before = state_hash(torch_default_generator());
        ck_assert_ptr_null(run(&refused_cases[i].draw));
        ck_assert_error(TORCH_RUNTIME_ERROR, refused_cases[i].message);
        ck_assert_msg(state_hash(torch_default_generator()) == before, "row %d draws and then refuses", i);
    }
}
END_TEST

static char warned[512];
static void keep_warning(const char *category, const char *message)
{
    snprintf(warned, sizeof warned, "%s: %s", category, message);
}

START_TEST(warns_where_a_dtype_is_too_coarse)
{
    torch_reset_warnings();
    torch_WarningHandler before = torch_set_warning_handler(keep_warning);
    ck_assert_ptr_nonnull(torch_random_(torch_zeros(3), 0, INT64_C(1) << 25));
    torch_set_warning_handler(before);
    ck_assert_str_eq(
        warned, "UserWarning: to - 1 is out of bounds [-(2^24), 2^24]. Due to precision limitations float can support "
                "discrete uniform distribution only within this range. This warning will become an error in version "
                "1.7 release, please fix the code in advance");
}
END_TEST

/* ---- keywords ---------------------------------------------------------------------------------------------------- */

static float at(Tensor *t, int64_t i)
{
    return (float)support_element(t, i);
}

START_TEST(keywords)
{
    torch_manual_seed(0);
    Tensor *a = torch_rand(5), *b = torch_randint(0, 10, 2, 3),
           *c = torch_randn(2, 2, .dtype = torch_float64, .requires_grad = true);
    ck_assert(at(a, 0) == 0.49625658988952637f && at(a, 4) == 0.30742281675338745f);
    ck_assert_int_eq(torch_dtype_of(b), torch_int64);
    ck_assert_shape(b, 2, 3);
    ck_assert_int_eq(torch_dtype_of(c), torch_float64);
    ck_assert(torch_requires_grad(c) && torch_is_leaf(c));
    ck_assert_int_eq(torch_version_of(a), 0);
    ck_assert_int_eq(torch_version_of(b), 0);
    ck_assert_int_eq(torch_version_of(c), 0);
    ck_assert_int_eq(torch_dtype_of(torch_randint(0, 2, 3, .dtype = torch_float32, .requires_grad = true)),
                     torch_float32);
    ck_assert_ptr_null(torch_randint(0, 2, 3, .requires_grad = true));
    ck_assert_error(TORCH_RUNTIME_ERROR, "Only Tensors of floating point and complex dtype can require gradients");
    ck_assert_int_eq(torch_dtype_of(torch_rand_n(0, NULL, torch_dtype_none)), torch_float32);
}
END_TEST

START_TEST(a_generator_of_ones_own)
{
    torch_Generator *g = torch_Generator_manual_seed(torch_Generator(), 0);
    torch_manual_seed(5);
    uint64_t process = state_hash(torch_default_generator());
    Tensor *a = torch_rand(5, .generator = g);
    ck_assert(at(a, 0) == 0.49625658988952637f && at(a, 4) == 0.30742281675338745f);
    torch_randn(20, .generator = g);
    torch_randint(0, 5, 3, .generator = g);
    torch_randperm_generator(9, g);
    torch_uniform__generator(a, 0, 1, g);
    torch_normal__generator(a, 0, 1, g);
    torch_bernoulli__generator(a, 0.5, g);
    torch_random__generator(a, TORCH_NONE, TORCH_NONE, g);
    ck_assert_no_error();
    ck_assert_uint_eq(state_hash(torch_default_generator()), process);
    torch_manual_seed(0); /* the same draws of the process's generator end where g is */
    a = torch_rand(5);
    torch_randn(20);
    torch_randint(0, 5, 3);
    torch_randperm(9);
    torch_random_(torch_bernoulli_(torch_normal_(torch_uniform_(a, 0, 1), 0, 1), 0.5), TORCH_NONE, TORCH_NONE);
    ck_assert_uint_eq(state_hash(torch_default_generator()), state_hash(g));
    torch_Generator_free(g);
}
END_TEST

/* The numbers go along the memory, so a transposed tensor gets them transposed. */
START_TEST(likes_keep_strides)
{
    Tensor *x = torch_transpose(torch_zeros(4, 3), 0, 1);
    torch_manual_seed(1);
    Tensor *flat = torch_rand(12);
    torch_manual_seed(1);
    Tensor *y = torch_rand_like(x);
    ck_assert_int_eq(torch_stride(y, 0), 1);
    ck_assert_int_eq(torch_stride(y, 1), 3);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++) ck_assert(at(y, i * 4 + j) == at(flat, j * 3 + i));
    Tensor *z = torch_randn_like(torch_expand(torch_zeros(3), 2, 3)); /* has holes no more */
    ck_assert_int_eq(torch_stride(z, 0), 3);
    Tensor *leaf = torch_zeros(3, .requires_grad = true);
    ck_assert(!torch_requires_grad(torch_rand_like(leaf)));
    ck_assert_ptr_null(torch_rand_like(torch_zeros(3, .dtype = torch_int64)));
    ck_assert_error(TORCH_RUNTIME_ERROR, "\"check_uniform_bounds\" not implemented for 'Long'");
    ck_assert_ptr_null(torch_randn_like(NULL));
    ck_assert_error(TORCH_TYPE_ERROR, "randn_like(): argument (position 1) must be Tensor, not NoneType");
}
END_TEST

/* ---- history ----------------------------------------------------------------------------------------------------- */

static Tensor *uniform_of(Tensor *x)
{
    return torch_uniform_(x, 0, 1);
}
static Tensor *normal_of(Tensor *x)
{
    return torch_normal_(x, 0, 1);
}
static Tensor *bernoulli_of(Tensor *x)
{
    return torch_bernoulli_(x, 0.5);
}
static Tensor *random_of(Tensor *x)
{
    return torch_random_(x, TORCH_NONE, TORCH_NONE);
}
static Tensor *random_to_of(Tensor *x)
{
    return torch_random_(x, TORCH_NONE, 3);
}
static Tensor *random_from_of(Tensor *x)
{
    return torch_random_(x, 1, 3);
}

static const struct InPlace {
    Tensor *(*call)(Tensor *x);
    const char *grad_fn;
} in_place[] = {{uniform_of, "UniformBackward0"},     {normal_of, "NormalBackward0"},
                {bernoulli_of, "BernoulliBackward2"}, {random_of, "RandomBackward2"},
                {random_to_of, "RandomBackward1"},    {random_from_of, "RandomBackward0"}};

START_TEST(in_place_ends_history)
{
    const struct InPlace *f = &in_place[_i];
    Tensor *leaf = torch_ones(3, .requires_grad = true), *x = torch_clone(leaf);
    ck_assert_ptr_eq(f->call(x), x);
    ck_assert_str_eq(torch_grad_fn(x), f->grad_fn);
    ck_assert_int_eq(torch_version_of(x), 1);
    ck_assert_int_eq(torch_backward(torch_sum(x)), TORCH_OK);
    ck_assert_tensor(torch_grad(leaf), 3, ((double[]){0, 0, 0}), 0, 0);
    Tensor *empty = torch_zeros(0);
    ck_assert_ptr_eq(f->call(empty), empty);
    ck_assert_int_eq(torch_version_of(empty), 1);
}
END_TEST

START_TEST(in_place_is_refused)
{
    const struct InPlace *f = &in_place[_i];
    uint64_t before = state_hash(torch_default_generator());
    Tensor *leaf = torch_ones(3, .requires_grad = true);
    ck_assert_ptr_null(f->call(leaf));
    ck_assert_error(TORCH_RUNTIME_ERROR, "a leaf Variable that requires grad is being used in an in-place operation.");
    Tensor *repeated = torch_expand(torch_ones(3), 2, 3);
    ck_assert_ptr_null(f->call(repeated));
    ck_assert_error(TORCH_RUNTIME_ERROR,
                    "unsupported operation: more than one element of the written-to tensor refers to a single "
                    "memory location. Please clone() the tensor before performing the operation.");
    ck_assert_ptr_null(f->call(NULL));
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    ck_assert_ptr_null(f->call(repeated)); /* pending: silently */
    torch_error_clear();
    ck_assert_uint_eq(state_hash(torch_default_generator()), before);
    ck_assert_tensor(leaf, 3, ((double[]){1, 1, 1}), 0, 0);
    ck_assert_int_eq(torch_version_of(leaf), 0);
    torch_no_grad();
    ck_assert_ptr_eq(f->call(leaf), leaf);
    ck_assert_int_eq(torch_version_of(leaf), 1);
    ck_assert(torch_is_leaf(leaf) && torch_requires_grad(leaf));
}
END_TEST

START_TEST(pending_errors_draw_nothing)
{
    torch_manual_seed(3);
    uint64_t before = state_hash(torch_default_generator());
    Tensor *x = torch_ones(3);
    torch_error_raise(TORCH_VALUE_ERROR, "test", "pending");
    ck_assert_ptr_null(torch_rand(3));
    ck_assert_ptr_null(torch_randn(3));
    ck_assert_ptr_null(torch_rand_n(0, NULL, torch_float32));
    ck_assert_ptr_null(torch_randn_n(0, NULL, torch_float32));
    ck_assert_ptr_null(torch_randint(0, 3, 3));
    ck_assert_ptr_null(torch_randperm(3));
    ck_assert_ptr_null(torch_rand_like(x));
    ck_assert_ptr_null(torch_randn_like(x));
    ck_assert_error(TORCH_VALUE_ERROR, "pending");
    ck_assert_int_eq(support_errors_raised(), 1);
    ck_assert_uint_eq(state_hash(torch_default_generator()), before);
}
END_TEST

/* Whichever allocation fails: nothing was drawn. */
static int64_t until_memory_suffices(Tensor *(*make)(void))
{
    for (int64_t k = 1;; k++) {
        torch_scope();
        torch_manual_seed(3);
        uint64_t before = state_hash(torch_default_generator());
        torch_fail_allocation(k);
        Tensor *t = make();
        torch_fail_allocation(0);
        if (t) return k;
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
        ck_assert_uint_eq(state_hash(torch_default_generator()), before);
    }
}

static Tensor *some_rand(void)
{
    return torch_rand(10);
}
static Tensor *some_randint(void)
{
    return torch_randint(0, 5, 10);
}
static Tensor *some_randperm(void)
{
    return torch_randperm(10);
}
static Tensor *some_randn_like(void)
{
    Tensor *x = torch_zeros(10);
    return x ? torch_randn_like(x) : NULL;
}
static Tensor *some_uniform(void)
{
    Tensor *x = torch_zeros(10, .requires_grad = true);
    return x ? torch_uniform_(torch_clone(x), 0, 1) : NULL;
}

START_TEST(memory_may_run_out)
{
    ck_assert_int_ge(until_memory_suffices(some_rand), 3); /* header, storage */
    ck_assert_int_ge(until_memory_suffices(some_randint), 3);
    ck_assert_int_ge(until_memory_suffices(some_randperm), 3);
    ck_assert_int_ge(until_memory_suffices(some_randn_like), 5);
    ck_assert_int_ge(until_memory_suffices(some_uniform), 6);
}
END_TEST

static TCase *draws(void)
{
    return test_case("draws", draws_what_pytorch_draws, moves_bounds_as_pytorch_does, refuses_what_pytorch_refuses,
                     warns_where_a_dtype_is_too_coarse, keywords, a_generator_of_ones_own, likes_keep_strides);
}

static TCase *history(void)
{
    TCase *c = test_case("history", pending_errors_draw_nothing, memory_may_run_out);
    tcase_add_loop_test(c, in_place_ends_history, 0, LENGTH(in_place));
    tcase_add_loop_test(c, in_place_is_refused, 0, LENGTH(in_place));
    return c;
}

SUITE_MAIN("random ops", draws, history)
