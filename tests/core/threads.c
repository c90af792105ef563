/* Threads: each has its own errors, scopes and caches; parameters that were shared may be read, and their gradients summed,
 * by all. Assertions are made by the main thread; the others report. Under TSan this is the suite that counts. */
#include <pthread.h>

#include "cases.h"
#include "ops/ops.h"

typedef struct Job {
    double w, b, loss; /* what came out */
    const char *problem;
    torch_Slot shared_w, shared_b;
    double slope, offset; /* of the line to be learned */
    int64_t numel;
} Job;

static void run(void *(*body)(void *), Job *jobs, int n)
{
    pthread_t thread[8];
    for (int i = 0; i < n; i++) ck_assert_int_eq(pthread_create(&thread[i], NULL, body, &jobs[i]), 0);
    for (int i = 0; i < n; i++) ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
    for (int i = 0; i < n; i++) ck_assert_msg(!jobs[i].problem, "thread %d: %s", i, jobs[i].problem);
}

static void finish(Job *job)
{
    static _Thread_local char text[256];
    if (torch_error()) strncpy(text, torch_error(), sizeof text - 1), job->problem = strdup(text);
    torch_error_clear();
}

/* ---- two models, two threads ------------------------------------------------------------------------------------- */

static void *train(void *arg) /* y = w x + b by gradient descent */
{
    Job *job = arg;
    torch_scope();
    Tensor *x = torch_tensor(torch_list(double, -2, -1, 0, 1, 2), .dtype = torch_float64);
    Tensor *y = torch_add(torch_mul(x, job->slope), job->offset);
    Tensor *w = torch_tensor(0.0, .dtype = torch_float64, .requires_grad = true),
           *b = torch_tensor(0.0, .dtype = torch_float64, .requires_grad = true);
    for (int step = 0; step < 300; step++) {
        torch_scope();
        Tensor *loss = F_mse_loss(torch_add(torch_mul(w, x), b), y);
        torch_backward(loss);
        job->loss = torch_item(loss);
        torch_no_grad();
        torch_add_alpha_(w, torch_grad(w), -0.1);
        torch_add_alpha_(b, torch_grad(b), -0.1);
        torch_zero_(torch_grad(w)), torch_zero_(torch_grad(b));
    }
    job->w = torch_item(w), job->b = torch_item(b);
    finish(job);
    return NULL;
}

START_TEST(two_models)
{
    Job jobs[3] = {{.slope = 3, .offset = -1}, {.slope = -0.5, .offset = 2}, {.slope = 0, .offset = 7}};
    run(train, jobs, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq_tol(jobs[i].w, jobs[i].slope, 1e-9);
        ck_assert_double_eq_tol(jobs[i].b, jobs[i].offset, 1e-9);
        ck_assert_double_lt(jobs[i].loss, 1e-15);
    }
}
END_TEST

/* ---- shared parameters ------------------------------------------------------------------------------------------- */

static void *forward_only(void *arg)
{
    Job *job = arg;
    torch_scope();
    torch_no_grad();
    Tensor *x = torch_tensor(torch_list(double, 1, 2, 3), .dtype = torch_float64);
    for (int i = 0; i < 300; i++) {
        torch_scope();
        job->loss = torch_item(torch_sum(torch_add(torch_mul(job->shared_w.t, x), job->shared_b.t)));
    }
    torch_clear(&job->shared_w), torch_clear(&job->shared_b);
    finish(job);
    return NULL;
}

static void *backward_too(void *arg)
{
    Job *job = arg;
    torch_scope();
    Tensor *x = torch_tensor(torch_list(double, 1, 2, 3), .dtype = torch_float64);
    for (int i = 0; i < 200; i++) {
        torch_scope();
        Tensor *own = torch_tensor(1.0, .dtype = torch_float64, .requires_grad = true);
        torch_backward(torch_sum(torch_mul(torch_add(torch_mul(job->shared_w.t, x), job->shared_b.t), own)));
        job->loss = torch_item(torch_grad(own));
    }
    torch_clear(&job->shared_w), torch_clear(&job->shared_b);
    finish(job);
    return NULL;
}

static void share(Job *jobs, int n, Tensor *w, Tensor *b)
{
    ck_assert_ptr_eq(torch_share_memory_(w), w);
    ck_assert_ptr_eq(torch_share_memory_(b), b);
    for (int i = 0; i < n; i++) torch_set(&jobs[i].shared_w, w), torch_set(&jobs[i].shared_b, b);
}

START_TEST(shared_parameters_forward)
{
    Job jobs[2] = {{0}};
    Tensor *w = torch_tensor(2.0, .dtype = torch_float64, .requires_grad = true),
           *b = torch_tensor(0.5, .dtype = torch_float64, .requires_grad = true);
    share(jobs, 2, w, b);
    run(forward_only, jobs, 2);
    for (int i = 0; i < 2; i++) ck_assert_double_eq(jobs[i].loss, 13.5);
    ck_assert(!torch_grad(w) && !torch_grad(b));
}
END_TEST

START_TEST(shared_parameters_backward)
{
    Job jobs[3] = {{0}};
    Tensor *w = torch_tensor(2.0, .dtype = torch_float64, .requires_grad = true),
           *b = torch_tensor(0.5, .dtype = torch_float64, .requires_grad = true);
    share(jobs, 3, w, b);
    run(backward_too, jobs, 3);
    for (int i = 0; i < 3; i++) ck_assert_double_eq(jobs[i].loss, 13.5);
    ck_assert_double_eq(torch_item(torch_grad(w)), 3 * 200 * 6); /* not one is lost */
    ck_assert_double_eq(torch_item(torch_grad(b)), 3 * 200 * 3);
}
END_TEST

START_TEST(what_may_be_shared)
{
    Tensor *x = torch_tensor(torch_list(float, 1, 2), .requires_grad = true), *y = torch_mul(x, 2);
    ck_assert_ptr_null(torch_share_memory_(y));
    ck_assert_int_eq(torch_error_code(), TORCH_RUNTIME_ERROR);
    torch_error_clear();
    ck_assert_ptr_null(torch_share_memory_(NULL));
    torch_error_clear();
    ck_assert_ptr_eq(torch_share_memory_(torch_share_memory_(x)), x);
    torch_backward(torch_sum(torch_mul(x, x))); /* works as before */
    ck_assert_tensor(torch_grad(x), 2, ((double[]){2, 4}), 0, 0);
}
END_TEST

/* ---- what a thread leaves behind --------------------------------------------------------------------------------- */

static void *leaves_results(void *arg)
{
    Job *job = arg;
    Tensor *x =
        torch_tensor(torch_list(float, 1, 2), .requires_grad = true); /* no scope: the thread's root scope takes them */
    for (int i = 0; i < 100; i++) torch_mul(x, x);
    torch_scope_push(); /* and never popped */
    for (int i = 0; i < 100; i++) torch_mul(x, x);
    torch_backward(torch_sum(x));
    finish(job);
    return NULL;
}

START_TEST(counts_after_threads_have_ended)
{
    int64_t tensors = torch_live_tensors(), nodes = torch_live_nodes();
    for (int i = 0; i < 5; i++) {
        Job jobs[2] = {{0}};
        run(leaves_results, jobs, 2);
        ck_assert_int_eq(torch_live_tensors(), tensors);
        ck_assert_int_eq(torch_live_nodes(), nodes);
    }
}
END_TEST

static void *makes_one(void *arg)
{
    Job *job = arg;
    torch_scope();
    Tensor *t = torch_tensor(torch_list(double, 1, 2, 3), .dtype = torch_float64);
    torch_set(&job->shared_w, torch_share_memory_(t));
    finish(job);
    return NULL;
}

START_TEST(tensor_outlives_its_thread)
{
    int64_t live = torch_live_tensors();
    Job job = {0};
    run(makes_one, &job, 1);
    ck_assert_int_eq(torch_live_tensors(), live + 1);
    ck_assert_double_eq(torch_item(torch_sum(job.shared_w.t)), 6);
    torch_clear(&job.shared_w);
    ck_assert_int_eq(torch_live_tensors(), live + 1); /* the sum */
}
END_TEST

static void *fails(void *arg)
{
    Job *job = arg;
    torch_scope();
    torch_push_error_handler(torch_error_silent, NULL);
    ck_assert(!torch_error());
    Tensor *a = torch_ones(2), *b = torch_ones(3);
    if (torch_add(a, b) || torch_error_code() != TORCH_RUNTIME_ERROR) job->problem = "an error was expected";
    return NULL; /* pending, and gone with the thread */
}

START_TEST(errors_are_per_thread)
{
    Job jobs[2] = {{0}};
    torch_error_raise(TORCH_VALUE_ERROR, "main", "mine");
    run(fails, jobs, 2);
    ck_assert_error(TORCH_VALUE_ERROR, "mine");
    ck_assert_int_eq(support_errors_raised(), 1);
}
END_TEST

/* ---- a mistake that a debug build catches ------------------------------------------------------------------------ */

#ifndef NDEBUG
static void *uses_unshared(void *arg)
{
    Job *job = arg;
    torch_scope();
    torch_push_error_handler(torch_error_silent, NULL);
    static const char message[] =
        "mul(): argument (position 1) belongs to another thread; mark it with torch_share_memory_ before it crosses";
    if (torch_mul(job->shared_w.t, 2) || !torch_error() || strcmp(torch_error(), message) != 0)
        job->problem = "the use was not noticed";
    return NULL;
}

START_TEST(unshared_tensor_is_caught)
{
    Job job = {0};
    Tensor *t = torch_ones(2);
    torch_set(&job.shared_w, t);
    run(uses_unshared, &job, 1);
    torch_clear(&job.shared_w);
}
END_TEST
#endif

TCase *threads_case(void)
{
    TCase *c =
        test_case("threads", two_models, shared_parameters_forward, shared_parameters_backward, what_may_be_shared,
                  counts_after_threads_have_ended, tensor_outlives_its_thread, errors_are_per_thread);
#ifndef NDEBUG
    tcase_add_test(c, unshared_tensor_is_caught);
#endif
    return c;
}
