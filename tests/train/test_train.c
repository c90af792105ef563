/* Whole training steps, with all floors: what happens when memory runs out in any of its allocations, that memory stays
 * constant, and threads that train. */
#include <cerilla.h>
#include <pthread.h>

#include "support.h"

typedef struct SimpleRNN {
    nn_Module module;
    nn_RNN *rnn;
    nn_Linear *fc;
} SimpleRNN;

typedef struct Training {
    SimpleRNN *model;
    nn_MSELoss *criterion;
    optim_Optimizer *optimizer;
    torch_Slot x, y;
} Training;

static Tensor *forward(SimpleRNN *self, Tensor *x, Tensor **hidden)
{
    Tensor *out = nn_RNN_forward(self->rnn, x, *hidden, hidden);
    return nn_forward(self->fc, torch_index(out, ":, -1, :"));
}

static SimpleRNN *model_new(void)
{
    SimpleRNN *self = nn_new(SimpleRNN);
    if (!self) return NULL;
    nn_set(self, rnn, nn_RNN(1, 5, .batch_first = true));
    nn_set(self, fc, nn_Linear(5, 1));
    return self;
}

static Training training_new(int64_t seed)
{
    torch_manual_seed(seed);
    Training t = {.model = model_new(), .criterion = nn_MSELoss()};
    t.optimizer = optim_SGD(nn_parameters(t.model), .lr = 0.01, .momentum = 0.5);
    torch_set(&t.x, torch_view(torch_arange(0.0, 10.0), 10, 1, 1));
    torch_set(&t.y, torch_view(torch_arange(0.0, 10.0), 10, 1));
    return t;
}

static void training_free(Training *t)
{
    optim_free(t->optimizer);
    nn_free(t->criterion);
    nn_free(t->model);
    torch_clear(&t->x);
    torch_clear(&t->y);
}

static double step(Training *t) /* its loss, or NaN */
{
    torch_scope();
    Tensor *hidden = torch_zeros(1, 10, 5);
    optim_zero_grad(t->optimizer);
    Tensor *loss = nn_forward(t->criterion, forward(t->model, t->x.t, &hidden), t->y.t);
    torch_backward(loss);
    optim_step(t->optimizer);
    return torch_item(loss);
}

/* All parameters, one after the other: 46 numbers. */
enum { PARAMETERS = 5 + 25 + 5 + 5 + 5 + 1 };
static void snapshot(Training *t, float *values)
{
    torch_scope();
    torch_ParameterList p = nn_parameters(t->model);
    for (int64_t i = 0; i < p.length; i++) {
        memcpy(values, torch_data_ptr(p.tensor[i]), (size_t)torch_numel(p.tensor[i]) * sizeof *values);
        values += torch_numel(p.tensor[i]);
    }
}

/* ---- out of memory ----------------------------------------------------------------------------------------------- */

START_TEST(every_allocation_may_fail)
{
    Training undisturbed = training_new(7), t = training_new(7);
    float before[PARAMETERS], after[PARAMETERS];
    int64_t k = 1, failures = 0;
    for (;; k++) {
        int64_t tensors = torch_live_tensors(), nodes = torch_live_nodes();
        snapshot(&t, before);
        torch_fail_allocation(k);
        double loss = step(&t);
        torch_fail_allocation(0);
        if (!torch_error()) break; /* the step needs fewer than k allocations */
        failures++;
        ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        ck_assert(isnan(loss));
        ck_assert_ptr_nonnull(strstr(torch_error(), "can't allocate memory"));
        torch_error_clear();
        snapshot(&t, after);
        ck_assert_mem_eq(before, after, sizeof before);
        ck_assert_int_ge(torch_live_tensors(), tensors); /* .grad or momentum may stay, once */
        ck_assert_int_le(torch_live_tensors(), tensors + 2 * 6);
        ck_assert_int_ge(torch_live_nodes(), nodes);
        ck_assert_int_le(torch_live_nodes(), nodes + 6);
    }
    ck_assert_int_gt(failures, 20);
    step(&undisturbed); /* as t's last one, which went through: from here on both are the same, to the bit */
    for (int i = 0; i < 20; i++) ck_assert_double_eq(step(&t), step(&undisturbed));
    training_free(&t);
    training_free(&undisturbed);
}
END_TEST

START_TEST(failures_leave_nothing_behind)
{
    Training t = training_new(3);
    step(&t);
    step(&t);
    int64_t tensors = torch_live_tensors(), nodes = torch_live_nodes();
    for (int64_t k = 1;; k++) {
        torch_fail_allocation(k);
        step(&t);
        torch_fail_allocation(0);
        if (!torch_error()) break;
        torch_error_clear();
        ck_assert_int_eq(torch_live_tensors(), tensors);
        ck_assert_int_eq(torch_live_nodes(), nodes);
    }
    training_free(&t);
}
END_TEST

START_TEST(models_fail_to_be_made_cleanly)
{
    for (int64_t k = 1;; k++) {
        int64_t tensors = torch_live_tensors();
        torch_fail_allocation(k);
        int64_t scope = torch_scope_push();
        SimpleRNN *model = model_new();
        optim_Optimizer *optimizer = model ? optim_SGD(nn_parameters(model), .lr = 0.1) : NULL;
        torch_fail_allocation(0);
        bool failed = torch_error() != NULL;
        torch_error_clear();
        torch_scope_pop(scope);
        optim_free(optimizer);
        if (model) nn_free(model);
        ck_assert_int_eq(torch_live_tensors(), tensors);
        if (!failed) break;
    }
}
END_TEST

/* ---- steady state ------------------------------------------------------------------------------------------------ */

START_TEST(memory_is_constant)
{
    Training t = training_new(1);
    for (int i = 0; i < 3; i++) step(&t);
    int64_t tensors = torch_live_tensors(), nodes = torch_live_nodes();
    for (int i = 0; i < 1000; i++) {
        step(&t);
        ck_assert_int_eq(torch_live_tensors(), tensors);
        ck_assert_int_eq(torch_live_nodes(), nodes);
    }
    training_free(&t);
}
END_TEST

START_TEST(an_error_freezes_training)
{
    Training t = training_new(1);
    float before[PARAMETERS], after[PARAMETERS];
    step(&t);
    snapshot(&t, before);
    torch_mm(t.x.t, t.x.t);
    for (int i = 0; i < 5; i++) ck_assert(isnan(step(&t)));
    ck_assert_error(TORCH_RUNTIME_ERROR, "self must be a matrix");
    snapshot(&t, after);
    ck_assert_mem_eq(before, after, sizeof before);
    ck_assert(!isnan(step(&t)));
    training_free(&t);
}
END_TEST

/* ---- threads ----------------------------------------------------------------------------------------------------- */

typedef struct Worker {
    int64_t steps;
    double loss;
    SimpleRNN *shared; /* to run forward with; or NULL: train a model of its own */
} Worker;

static pthread_mutex_t seeding =
    PTHREAD_MUTEX_INITIALIZER; /* the default generator is the process's: seed and draw in one go */

static void *work(void *data)
{
    Worker *w = data;
    torch_scope();
    if (w->shared) {
        torch_no_grad();
        Tensor *x = torch_view(torch_arange(0.0, 10.0), 10, 1, 1);
        for (int64_t i = 0; i < w->steps; i++) {
            torch_scope();
            Tensor *hidden = torch_zeros(1, 10, 5);
            w->loss = torch_item(torch_sum(forward(w->shared, x, &hidden)));
        }
        return NULL;
    }
    pthread_mutex_lock(&seeding);
    Training t = training_new(5);
    pthread_mutex_unlock(&seeding);
    for (int64_t i = 0; i < w->steps; i++) w->loss = step(&t);
    training_free(&t);
    return NULL;
}

static void run_two(Worker *w)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &w[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}

START_TEST(two_threads_train_two_models)
{
    Worker alone = {.steps = 100}, w[2] = {{.steps = 100}, {.steps = 100}};
    work(&alone);
    run_two(w);
    ck_assert_double_eq(w[0].loss, alone.loss);
    ck_assert_double_eq(w[1].loss, alone.loss);
}
END_TEST

START_TEST(two_threads_share_a_model)
{
    torch_manual_seed(5);
    SimpleRNN *model = model_new();
    nn_share_memory(model);
    Worker alone = {.steps = 1, .shared = model},
           w[2] = {{.steps = 200, .shared = model}, {.steps = 200, .shared = model}};
    work(&alone);
    run_two(w);
    ck_assert(!isnan(alone.loss));
    ck_assert_double_eq(w[0].loss, alone.loss);
    ck_assert_double_eq(w[1].loss, alone.loss);
    nn_free(model);
}
END_TEST

/* With gradients: both threads run forward and backward through the same parameters. The sum of what they add is known. */
static void *add_gradients(void *data)
{
    SimpleRNN *model = data;
    torch_scope();
    Tensor *x = torch_view(torch_arange(0.0, 10.0), 10, 1, 1);
    for (int i = 0; i < 50; i++) {
        torch_scope();
        Tensor *hidden = torch_zeros(1, 10, 5);
        torch_backward(torch_sum(forward(model, x, &hidden)));
    }
    return NULL;
}

START_TEST(two_threads_add_to_shared_gradients)
{
    torch_manual_seed(5);
    SimpleRNN *model = model_new();
    nn_share_memory(model);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, add_gradients, model), 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    double bias = torch_item(torch_grad(model->fc->bias)); /* d sum / d bias = 10 for each of the 100 runs */
    ck_assert_double_eq(bias, 1000);
    nn_free(model);
}
END_TEST

static TCase *memory(void)
{
    return test_case("memory", every_allocation_may_fail, failures_leave_nothing_behind, models_fail_to_be_made_cleanly,
                     memory_is_constant, an_error_freezes_training);
}

static TCase *threads(void)
{
    return test_case("threads", two_threads_train_two_models, two_threads_share_a_model,
                     two_threads_add_to_shared_gradients);
}

SUITE_MAIN("train", memory, threads)
