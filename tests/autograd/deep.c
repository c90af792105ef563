/* A chain of a million ops forward, backward and released on a small stack: nothing in the engine may recurse.
 *
 * The stack is 64 KiB. The sanitizers and valgrind put several times as much into each frame, and keep their own
 * bookkeeping on the thread's stack, so they get the least that they run with: 512 KiB. CERILLA_CHAIN=n shortens the chain. */
#include <pthread.h>

#include "cases.h"
#include "core/impl.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static int64_t length(void)
{
    const char *wish = getenv("CERILLA_CHAIN");
    return wish && atoll(wish) > 0 ? atoll(wish) : 1000000;
}

/* Asserting is the main thread's business: this one reports. */
typedef struct Chain {
    Tensor *(*link)(Tensor *h, int64_t i);
    bool run; /* backward too, or only released */
    double value, gradient;
    const char *error;
} Chain;

static void *walk(void *arg)
{
    Chain *c = arg;
    int64_t n = length() / 2 * 2;
    torch_scope();
    torch_Slot h = {0};
    Tensor *x = torch_tensor(3.0, .dtype = torch_float64, .requires_grad = true);
    torch_set(&h, x);
    for (int64_t i = 0; i < n; i++) {
        torch_scope();
        torch_set(&h, c->link(h.t, i));
    }
    c->value = torch_item(h.t);
    if (c->run) {
        torch_backward(h.t);
        c->gradient = torch_item(torch_grad(x));
    }
    torch_clear(&h);
    c->error = torch_error() ? "an error is pending" : NULL;
    torch_error_clear();
    return NULL;
}

static void on_a_small_stack(Chain *c)
{
    pthread_t thread;
    pthread_attr_t attributes;
    size_t bytes =
        SANITIZED || cer_alloc_bypassed() ? 512 << 10 : 64 << 10; /* under valgrind CERILLA_ALLOC=malloc is set */
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, bytes), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, walk, c), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
    ck_assert_msg(!c->error, "%s", c->error);
}

static Tensor *doubles_and_halves(Tensor *h, int64_t i)
{
    return torch_mul(h, i % 2 ? 0.5 : 2.0);
}

static Tensor *in_place(Tensor *h, int64_t i)
{
    return i ? torch_mul_(h, i % 2 ? 2.0 : 0.5) : torch_mul(h, 0.5);
}

static Tensor *saved_outputs(Tensor *h, int64_t i)
{
    return i % 2 ? torch_log(h) : torch_exp(h);
}

static Tensor *views(Tensor *h, int64_t i)
{
    return i % 2 ? torch_squeeze(h) : torch_unsqueeze(h, 0);
}

START_TEST(chain)
{
    Chain c = {.link = doubles_and_halves, .run = true};
    on_a_small_stack(&c);
    ck_assert_double_eq(c.value, 3);
    ck_assert_double_eq(c.gradient, 1);
}
END_TEST

START_TEST(released_without_backward)
{
    Chain c = {.link = doubles_and_halves};
    on_a_small_stack(&c);
    ck_assert_double_eq(c.value, 3);
}
END_TEST

START_TEST(chain_in_place)
{
    Chain c = {.link = in_place, .run = true};
    on_a_small_stack(&c);
    ck_assert_double_eq(c.value, 3);
    ck_assert_double_eq(c.gradient, 1);
}
END_TEST

START_TEST(chain_of_saved_values)
{
    Chain c = {.link = saved_outputs};
    on_a_small_stack(&c);
    ck_assert_double_eq_tol(c.value, 3, 1e-6);
}
END_TEST

START_TEST(chain_of_views)
{
    Chain c = {.link = views, .run = true};
    on_a_small_stack(&c);
    ck_assert_double_eq(c.value, 3);
    ck_assert_double_eq(c.gradient, 1);
}
END_TEST

TCase *deep_case(void)
{
    return test_case("deep", chain, released_without_backward, chain_in_place, chain_of_saved_values, chain_of_views);
}
