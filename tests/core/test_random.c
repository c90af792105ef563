/* The generator: its numbers, seeds and states beside PyTorch's; its lock between threads and across fork(). */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/random_draws.h"

#include "core/generator.h"

static const int64_t state_size[1] = {TORCH_RNG_STATE_BYTES};

static uint32_t draw32(torch_Generator *g)
{
    g = cer_generator_lock(g);
    uint32_t r = cer_random32(g);
    cer_generator_unlock(g);
    return r;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

START_TEST(the_engine_is_mt19937) /* ISO C++, [rand.predef]: the 10000th number of mt19937 with its default seed 5489 */
{
    torch_Generator *g = torch_Generator_manual_seed(torch_Generator(), 5489);
    for (int i = 0; i < 9999; i++) draw32(g);
    ck_assert_uint_eq(draw32(g), UINT32_C(4123659995));
    torch_Generator_manual_seed(g, 5489);
    uint32_t *word = malloc(10000 * sizeof *word);
    cer_random32_fill(g, word, 9999); /* at one go, across blocks */
    ck_assert_uint_eq(draw32(g), UINT32_C(4123659995));
    free(word);
    torch_Generator_free(g);
}
END_TEST

static Tensor *fill(const Draw *d)
{
    Tensor *t = target_of(d);
    switch (d->op) {
    case RAND: cer_fill_uniform(NULL, t, 0, 1); break;
    case UNIFORM: cer_fill_uniform(NULL, t, d->a, d->b); break;
    case RANDN: cer_fill_normal(NULL, t, 0, 1); break;
    case NORMAL: cer_fill_normal(NULL, t, d->a, d->b); break;
    case BERNOULLI: cer_fill_bernoulli(NULL, t, d->a); break;
    default:
        if (d->low == TORCH_NONE)
            cer_fill_integers_of_dtype(NULL, t);
        else
            cer_fill_integers(NULL, t, d->low, (uint64_t)d->high - (uint64_t)d->low);
    }
    return t;
}

START_TEST(fills_draw_what_pytorch_draws)
{
    for (int i = 0; i < LENGTH(random_cases); i++) {
        torch_scope();
        if (random_cases[i].draw.op != RANDPERM) check_case(&random_cases[i], i, fill); /* each of those is seeded */
    }
}
END_TEST

/* ---- seeds and generators ---------------------------------------------------------------------------------------- */

START_TEST(seeds)
{
    ck_assert_ptr_eq(torch_manual_seed(-3), torch_default_generator());
    ck_assert_uint_eq(torch_initial_seed(), UINT64_C(18446744073709551613));
    uint64_t seed = torch_seed();
    ck_assert_uint_eq(torch_initial_seed(), seed);
    ck_assert_uint_ne(torch_seed(), seed); /* 2^-64 */
    torch_Generator *g = torch_Generator();
    ck_assert_uint_eq(torch_Generator_initial_seed(g), UINT64_C(67280421310721));
    ck_assert_ptr_eq(torch_Generator_manual_seed(g, 7), g);
    ck_assert_uint_eq(torch_Generator_initial_seed(g), 7);
    seed = torch_Generator_seed(g);
    ck_assert_uint_eq(torch_Generator_initial_seed(g), seed);
    torch_Generator_free(g);
    torch_Generator_free(NULL);
    torch_Generator_free(torch_default_generator()); /* nobody's to free */
    draw32(NULL);
}
END_TEST

START_TEST(generators_are_independent)
{
    torch_Generator *a = torch_Generator(), *b = torch_Generator();
    torch_manual_seed(1);
    uint64_t process = state_hash(torch_default_generator());
    uint32_t first = draw32(a);
    torch_Generator_manual_seed(b, 2);
    draw32(b);
    ck_assert_uint_eq(state_hash(torch_default_generator()), process);
    uint32_t second = draw32(a);
    torch_Generator_free(b);
    torch_Generator_manual_seed(a, 67280421310721);
    ck_assert_uint_eq(draw32(a), first);
    ck_assert_uint_eq(draw32(a), second);
    torch_Generator_free(a);
    torch_manual_seed(67280421310721);
    ck_assert_uint_eq(draw32(NULL), first);
}
END_TEST

START_TEST(nothing_happens_while_an_error_is_pending)
{
    torch_manual_seed(1);
    torch_Generator *g = torch_Generator();
    Tensor *state = torch_get_rng_state();
    torch_manual_seed(2);
    uint64_t before = state_hash(torch_default_generator());
    torch_error_raise(TORCH_VALUE_ERROR, "test", "pending");
    ck_assert_ptr_null(torch_manual_seed(3));
    ck_assert_ptr_null(torch_Generator_manual_seed(g, 3));
    ck_assert_uint_eq(torch_seed(), 0);
    ck_assert_uint_eq(torch_initial_seed(), 0);
    ck_assert_ptr_null(torch_Generator());
    ck_assert_ptr_null(torch_get_rng_state());
    ck_assert_int_eq(torch_set_rng_state(state), TORCH_VALUE_ERROR);
    ck_assert_error(TORCH_VALUE_ERROR, "pending");
    ck_assert_uint_eq(state_hash(torch_default_generator()), before);
    ck_assert_uint_eq(torch_Generator_initial_seed(g), UINT64_C(67280421310721));
    torch_Generator_free(g);
}
END_TEST

START_TEST(no_generator_is_an_error)
{
    ck_assert_ptr_null(torch_Generator_manual_seed(NULL, 3));
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
    ck_assert_ptr_null(torch_Generator_get_state(NULL));
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
    ck_assert_int_eq(torch_Generator_set_state(NULL, NULL), TORCH_TYPE_ERROR);
    torch_error_clear();
}
END_TEST

START_TEST(memory_may_run_out)
{
    torch_fail_allocation(1);
    ck_assert_ptr_null(torch_Generator());
    ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
    torch_error_clear();
    torch_fail_allocation(1);
    ck_assert_ptr_null(torch_get_rng_state());
    ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
    torch_error_clear();
}
END_TEST

/* ---- states ------------------------------------------------------------------------------------------------------ */

START_TEST(a_state_brings_everything_back)
{
    float drawn[2][50];
    Tensor *t = cer_empty(torch_float32, 1, (int64_t[]){5});
    torch_manual_seed(7);
    cer_fill_normal(NULL, t, 0, 1); /* five: a normal is kept */
    Tensor *state = torch_get_rng_state();
    ck_assert_int_eq(state->dtype, torch_uint8);
    ck_assert_shape(state, TORCH_RNG_STATE_BYTES);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 50; i += 5) {
            cer_fill_normal(NULL, t, 0, 1);
            memcpy(drawn[k] + i, t->data, 5 * sizeof(float));
        }
        torch_manual_seed(1234);
        ck_assert_int_eq(torch_set_rng_state(state), TORCH_OK);
        ck_assert_uint_eq(torch_initial_seed(), 7);
    }
    ck_assert_mem_eq(drawn[0], drawn[1], sizeof drawn[0]);
    torch_Generator *g = torch_Generator(); /* and in another generator */
    ck_assert_int_eq(torch_Generator_set_state(g, state), TORCH_OK);
    cer_fill_normal(g, t, 0, 1);
    ck_assert_mem_eq(drawn[0], t->data, 5 * sizeof(float));
    torch_Generator_free(g);
}
END_TEST

static void refused_state(Tensor *state, torch_Code code, const char *message)
{
    uint64_t before = state_hash(torch_default_generator());
    ck_assert_int_eq(torch_set_rng_state(state), code);
    ck_assert_error(code, message);
    ck_assert_uint_eq(state_hash(torch_default_generator()), before);
}

static Tensor *changed_state(size_t offset, int64_t value, size_t bytes)
{
    Tensor *state = torch_get_rng_state();
    memcpy(state->data + offset, &value, bytes);
    return state;
}

START_TEST(states_that_are_none)
{
    torch_manual_seed(7);
    draw32(NULL);
    refused_state(NULL, TORCH_TYPE_ERROR, "expected a torch.ByteTensor, but got NoneType");
    refused_state(cer_zeros(torch_float32, 1, state_size), TORCH_TYPE_ERROR, "RNG state must be a torch.ByteTensor");
    refused_state(cer_zeros(torch_uint8, 1, (int64_t[]){3}), TORCH_RUNTIME_ERROR,
                  "Expected either a CPUGeneratorImplStateLegacy of size 5048 or a CPUGeneratorImplState of size 5056 "
                  "but found the "
                  "input RNG state size to be 3");
    refused_state(cer_zeros(torch_uint8, 1, state_size), TORCH_RUNTIME_ERROR, "Invalid mt19937 state");
    refused_state(cer_zeros(torch_uint8, 1, (int64_t[]){5048}), TORCH_RUNTIME_ERROR, "Invalid mt19937 state");
    Tensor *strided = cer_zeros(torch_uint8, 2, (int64_t[]){TORCH_RNG_STATE_BYTES, 2});
    strided->ndim = 1;
    cer_update_contiguous(strided);
    refused_state(strided, TORCH_RUNTIME_ERROR, "RNG state must be contiguous");
    static const int32_t left[] = {0, -1, 625};
    for (int i = 0; i < LENGTH(left); i++)
        refused_state(changed_state(8, left[i], 4), TORCH_RUNTIME_ERROR, "Invalid mt19937 state");
    refused_state(changed_state(12, 0, 4), TORCH_RUNTIME_ERROR, "Invalid mt19937 state");
    refused_state(changed_state(16, 625, 8), TORCH_RUNTIME_ERROR, "Invalid mt19937 state");
    refused_state(changed_state(16, INT64_C(1) << 40, 8), TORCH_RUNTIME_ERROR, "Invalid mt19937 state");
}
END_TEST

/* PyTorch accepts these, and then reads beyond the end of its block. */
START_TEST(states_that_contradict_themselves_do_no_harm)
{
    static const struct {
        size_t offset;
        int64_t value;
        size_t bytes;
    } changes[] = {{8, 624, 4}, {16, 624, 8}, {16, 623, 8}};
    torch_manual_seed(7);
    for (int k = 0; k < 9; k++) draw32(NULL);
    Tensor *state = torch_get_rng_state();
    for (int i = 0; i < LENGTH(changes); i++) {
        uint32_t word[2000];
        torch_set_rng_state(state);
        ck_assert_int_eq(torch_set_rng_state(changed_state(changes[i].offset, changes[i].value, changes[i].bytes)),
                         TORCH_OK);
        for (int k = 0; k < 1300; k++) draw32(NULL);
        torch_Generator *g = cer_generator_lock(NULL);
        cer_random32_fill(g, word, LENGTH(word));
        cer_generator_unlock(g);
    }
}
END_TEST

START_TEST(a_legacy_state_is_understood)
{
    static const double parts[3] = {0.3, 0.7, 1.5};
    Tensor *t = cer_empty(torch_float32, 1, (int64_t[]){3}), *old = cer_empty(torch_uint8, 1, (int64_t[]){5048});
    torch_manual_seed(77);
    cer_fill_normal(NULL, t, 0, 1);
    memcpy(old->data, torch_get_rng_state()->data, 5048);
    memcpy(old->data + 5016, parts, sizeof parts);
    ck_assert_int_eq(torch_set_rng_state(old), TORCH_OK);
    torch_Generator *g = cer_generator_lock(NULL);
    double normal = cer_normal_double(g);
    cer_generator_unlock(g);
    ck_assert(normal == LEGACY_NORMAL);
}
END_TEST

/* ---- threads and processes --------------------------------------------------------------------------------------- */

enum { THREADS = 4, CALLS = 200, EACH = 100 };

static void *draw_much(void *generator)
{
    uint32_t word[EACH];
    for (int i = 0; i < CALLS; i++) {
        torch_Generator *g = cer_generator_lock(generator);
        cer_random32_fill(g, word, EACH);
        cer_generator_unlock(g);
    }
    return NULL;
}

/* Whoever came first: together they used up as many numbers as one alone would have. */
START_TEST(threads_take_turns)
{
    torch_Generator *together = torch_Generator(), *alone = torch_Generator();
    pthread_t thread[THREADS];
    for (int i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_create(&thread[i], NULL, draw_much, together), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS; i++) draw_much(alone);
    ck_assert_uint_eq(state_hash(together), state_hash(alone));
    torch_Generator_free(together);
    torch_Generator_free(alone);
}
END_TEST

static atomic_bool enough;

static void *draw_until_enough(void *generator)
{
    while (!atomic_load(&enough)) {
        draw_much(generator);
        draw_much(NULL);
    }
    return NULL;
}

/* fork() while another thread draws: its lock must not stay locked in the child. */
START_TEST(a_child_can_draw)
{
    torch_Generator *g = torch_Generator();
    pthread_t thread;
    atomic_store(&enough, false);
    ck_assert_int_eq(pthread_create(&thread, NULL, draw_until_enough, g), 0);
    for (int i = 0; i < 30; i++) {
        pid_t child = fork();
        if (child == 0) {
            draw32(g);
            draw32(NULL);
            _exit(0);
        }
        int status = -1;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_int_eq(status, 0);
    }
    atomic_store(&enough, true);
    pthread_join(thread, NULL);
    torch_Generator_free(g);
}
END_TEST

static TCase *draws(void)
{
    return test_case("draws", the_engine_is_mt19937, fills_draw_what_pytorch_draws);
}

static TCase *generators(void)
{
    return test_case("generators", seeds, generators_are_independent, nothing_happens_while_an_error_is_pending,
                     no_generator_is_an_error, memory_may_run_out, a_state_brings_everything_back, states_that_are_none,
                     states_that_contradict_themselves_do_no_harm, a_legacy_state_is_understood, threads_take_turns,
                     a_child_can_draw);
}

SUITE_MAIN("random", draws, generators)
