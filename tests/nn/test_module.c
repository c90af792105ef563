/* Modules: printing, names, state_dicts, PyTorch's complaints, and what happens when memory runs out. */
#include <stdio.h>

#include "core/print.h"
#include "core/random.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "tests/said.h"

#include "texts.inc"

/* The example of the design, word for word: no declaration besides the struct. */
typedef struct {
    nn_Module module;
    int64_t hidden_size;
    nn_RNN *rnn;
    nn_Linear *fc;
} SimpleRNN;

static SimpleRNN *SimpleRNN_new(int64_t input_size, int64_t hidden_size, int64_t output_size)
{
    SimpleRNN *self = nn_new(SimpleRNN);
    if (!self) return NULL;
    self->hidden_size = hidden_size;
    nn_set(self, rnn, nn_RNN(input_size, hidden_size, .batch_first = true));
    nn_set(self, fc, nn_Linear(hidden_size, output_size));
    return self;
}

/* A class with a record: forward, extra_repr and free. */
typedef struct {
    nn_Module module;
    const char *note;
    int *freed;
    nn_Sequential *child;
} Noted;

static int noted_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    Noted *m = (Noted *)self;
    out[0] = torch_mul(nn_forward(m->child, in[0]), 2);
    if (n_out > 1) out[1] = torch_full(n_in, 1);
    return torch_error_code();
}

static void noted_repr(const nn_Module *self, char *text, size_t bytes)
{
    snprintf(text, bytes, "%s", ((const Noted *)self)->note);
}

static void noted_free(nn_Module *self)
{
    if (((Noted *)self)->freed) ++*((Noted *)self)->freed;
}

static const nn_Class Noted_class =
    NN_CLASS(Noted, .forward = noted_forward, .extra_repr = noted_repr, .free = noted_free);

static Noted *Noted_new(const char *note, bool child)
{
    Noted *self = nn_new_class(Noted, &Noted_class);
    if (!self) return NULL;
    self->note = note;
    if (child) nn_set(self, child, nn_Sequential(nn_ReLU(), nn_Identity()));
    return self;
}

typedef struct {
    nn_Module module;
    Tensor *scale, *mean, *hidden;
    nn_Linear *a, *again;
    nn_ModuleList *layers;
} Two;

static Two *Two_new(void)
{
    Two *self = nn_new(Two);
    if (!self) return NULL;
    torch_scope();
    nn_register_parameter(self, scale, nn_Parameter(torch_ones(2)));
    nn_register_buffer(self, mean, torch_zeros(3));
    nn_register_buffer(self, hidden, torch_zeros(1), .persistent = false);
    nn_set(self, a, nn_Linear(2, 3));
    nn_set(self, layers, nn_ModuleList(nn_Linear(3, 1, .bias = false), nn_RNN(1, 2)));
    nn_set(self, again, self->a); /* the same module under a second name */
    return self;
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

START_TEST(prints)
{
#define PRINTS(python, call)                                          \
    {                                                                 \
        void *m = call;                                               \
        ck_assert_no_error();                                         \
        ck_assert_str_eq(nn_str((nn_Module *)m), SAID(python)->text); \
        nn_free((nn_Module *)m);                                      \
    }
    PRINTS("nn.Linear(2, 3)", nn_Linear(2, 3))
    PRINTS("nn.Linear(2, 3)", nn_Linear(.out_features = 3, .in_features = 2))
    PRINTS("nn.Linear(2, 3, bias=False)", nn_Linear(2, 3, false))
    PRINTS("nn.RNN(1, 32, batch_first=True)", nn_RNN(1, 32, .batch_first = true))
    PRINTS("nn.RNN(2, 3, 2, bias=False)", nn_RNN(2, 3, 2, .bias = false))
    PRINTS("nn.RNN(5, 8, 3, dropout=0.1, bidirectional=True)", nn_RNN(5, 8, 3, .dropout = 0.1, .bidirectional = true))
    PRINTS("nn.MSELoss()", nn_MSELoss())
    PRINTS("nn.ReLU()", nn_ReLU())
    PRINTS("nn.ReLU(True)", nn_ReLU(.inplace = true))
    PRINTS("nn.Tanh()", nn_Tanh())
    PRINTS("nn.Sigmoid()", nn_Sigmoid())
    PRINTS("nn.Identity()", nn_Identity())
    PRINTS("nn.Dropout(0.2)", nn_Dropout(.p = 0.2))
    PRINTS("nn.Dropout()", nn_Dropout())
    PRINTS("nn.Flatten()", nn_Flatten())
    PRINTS("nn.Flatten(0, -2)", nn_Flatten(0, -2))
    PRINTS("nn.Sequential()", nn_Sequential())
    PRINTS("nn.ModuleList()", nn_ModuleList())
    PRINTS("nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 3), nn.Tanh()))",
           nn_Sequential(nn_Linear(2, 3), nn_ReLU(), nn_Sequential(nn_Linear(3, 3), nn_Tanh())))
    PRINTS("nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])", nn_ModuleList(nn_Linear(1, 1), nn_Linear(1, 1)))
    PRINTS("nn.Sequential(None)", nn_Sequential(NULL))
    PRINTS("SimpleRNN()", SimpleRNN_new(1, 32, 1))
    PRINTS("Two()", Two_new())
    PRINTS("Noted('a=1', False)", Noted_new("a=1", false))
    PRINTS("Noted('a=1', True)", Noted_new("a=1", true))
    PRINTS("Noted('a=1\\nb=2', False)", Noted_new("a=1\nb=2", false))
    PRINTS("Noted('', True)", Noted_new("", true))
    ck_assert_str_eq(nn_Module_str(NULL), "None");
#undef PRINTS
}
END_TEST

/* ---- names ------------------------------------------------------------------------------------------------------- */

static void assert_names(int64_t n, const char *const *name, const char *const *expected)
{
    for (int64_t i = 0; i < n; i++) {
        ck_assert_ptr_nonnull(expected[i]);
        ck_assert_str_eq(name[i], expected[i]);
    }
    ck_assert_ptr_null(expected[n]);
}

START_TEST(names)
{
    Two *m = Two_new();
    torch_ParameterList p = nn_named_parameters(m), b = nn_named_buffers(m);
    nn_NamedModules all = nn_named_modules(m), children = nn_named_children(m);
    assert_names(p.length, p.name, two_parameters);
    assert_names(b.length, b.name, two_buffers);
    assert_names(all.length, all.name, two_modules);
    assert_names(children.length, children.name, two_children);
    ck_assert_ptr_eq(p.tensor[0], m->scale);
    ck_assert_ptr_eq(p.tensor[2], m->a->bias);
    ck_assert_ptr_eq(all.module[0], &m->module);
    ck_assert_ptr_eq(all.module[1], &m->a->module);
    ck_assert_ptr_eq(nn_get_parameter(m, "layers.1.weight_hh_l0"), p.tensor[5]);
    ck_assert_ptr_eq(nn_get_submodule(m, "layers.1"), all.module[4]);
    ck_assert_ptr_eq(nn_get_submodule(m, ""), &m->module);
    ck_assert_str_eq(nn_class_name(m), "Two");
    ck_assert_ptr_eq(nn_as(nn_Linear, m->a), m->a);
    ck_assert_ptr_null(nn_as(nn_RNN, m->a));
    nn_free(m);
}
END_TEST

START_TEST(parameters_are_leaves)
{
    nn_Linear *m = nn_Linear(2, 3);
    ck_assert(torch_requires_grad(m->weight) && torch_is_leaf(m->weight));
    ck_assert_ptr_null(torch_grad_fn(m->weight));
    Tensor *t = torch_ones(2), *p = nn_Parameter(t), *q = nn_Parameter(t, .requires_grad = false);
    ck_assert(torch_requires_grad(p) && !torch_requires_grad(q) && !torch_requires_grad(t));
    ck_assert_ptr_eq(torch_data_ptr(p), torch_data_ptr(t));
    ck_assert_str_eq(torch_str(p), "Parameter containing:\ntensor([1., 1.], requires_grad=True)");
    nn_free(m);
}
END_TEST

/* ---- the whole tree ---------------------------------------------------------------------------------------------- */

static void note_name(nn_Module *m, void *data)
{
    strcat(strcat(data, nn_class_name(m)), " ");
}

START_TEST(apply_children_first)
{
    SimpleRNN *m = SimpleRNN_new(1, 2, 1);
    char order[200] = "";
    ck_assert_ptr_eq(nn_apply(m, note_name, order), &m->module);
    ck_assert_str_eq(order, "RNN Linear SimpleRNN ");
    nn_free(m);
}
END_TEST

START_TEST(modes)
{
    SimpleRNN *m = SimpleRNN_new(1, 2, 1);
    ck_assert(nn_training(m) && nn_training(m->fc));
    nn_eval(m);
    ck_assert(!nn_training(m) && !nn_training(m->fc) && !nn_training(m->rnn));
    nn_train(m);
    ck_assert(nn_training(m->fc));
    nn_train(m, .mode = false);
    ck_assert(!nn_training(m->fc));
    nn_requires_grad_(m, false);
    ck_assert(!torch_requires_grad(m->fc->weight) && !torch_requires_grad(m->rnn->bias_hh_l0));
    nn_requires_grad_(m);
    ck_assert(torch_requires_grad(m->fc->weight));
    nn_free(m);
}
END_TEST

START_TEST(zero_grad)
{
    nn_Linear *m = nn_Linear(2, 1);
    torch_backward(torch_sum(nn_forward(m, torch_ones(2))));
    Tensor *g = torch_grad(m->weight);
    ck_assert_tensor(g, 2, ((double[]){1, 1}), 0, 0);
    nn_zero_grad(m);
    ck_assert_ptr_eq(torch_grad(m->weight), g);
    ck_assert_tensor(g, 2, ((double[]){0, 0}), 0, 0);
    ck_assert_int_eq(torch_version_of(g), 1);
    nn_zero_grad(m, .set_to_none = true);
    ck_assert_ptr_null(torch_grad(m->weight));
    nn_free(m);
}
END_TEST

START_TEST(to_keeps_tensors)
{
    Two *m = Two_new();
    Tensor *w = m->a->weight, *x = torch_ones(1, 2);
    torch_backward(torch_sum(nn_forward(m->a, x)));
    double before = support_element(w, 3);
    ck_assert_ptr_eq(nn_to(m, torch_float64), &m->module);
    ck_assert_ptr_eq(m->a->weight, w);
    ck_assert_int_eq(torch_dtype_of(w), torch_float64);
    ck_assert_int_eq(torch_dtype_of(torch_grad(w)), torch_float64);
    ck_assert_int_eq(torch_dtype_of(m->mean), torch_float64);
    ck_assert_double_eq(support_element(w, 3), before);
    torch_backward(torch_sum(nn_forward(m->a, torch_to(x, torch_float64))));
    ck_assert_no_error();
    ck_assert_tensor(torch_grad(m->a->bias), 3, ((double[]){2, 2, 2}), 0, 0);
    nn_free(m);
}
END_TEST

/* ---- calling ----------------------------------------------------------------------------------------------------- */

static void doubling(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out, void *data)
{
    (void)m, (void)in, (void)n_in, (void)n_out;
    ++*(int *)data;
    out[0] = torch_mul(out[0], 2);
}

START_TEST(hooks)
{
    nn_Identity *m = nn_Identity();
    nn_Sequential *s = nn_Sequential(m);
    int calls = 0;
    Tensor *x = torch_ones(1);
    int64_t first = nn_register_forward_hook(m, doubling, &calls),
            second = nn_register_forward_hook(m, doubling, &calls);
    ck_assert_tensor(nn_forward(s, x), 1, ((double[]){4}), 0, 0);
    nn_remove_hook(m, first);
    ck_assert_tensor(nn_forward(s, x), 1, ((double[]){2}), 0, 0);
    nn_remove_hook(m, second);
    nn_remove_hook(m, second);
    ck_assert_ptr_eq(nn_forward(s, x), x);
    ck_assert_int_eq(calls, 3);
    nn_free(s);
}
END_TEST

static void halving(nn_Module *m, Tensor **in, int64_t n_in, void *data)
{
    (void)m, (void)n_in;
    ++*(int *)data;
    in[0] = torch_mul(in[0], 0.5);
}

START_TEST(pre_hooks)
{
    nn_Linear *m = nn_Linear(1, 1, .bias = false);
    nn_init_ones_(m->weight);
    int calls = 0;
    int64_t handle = nn_register_forward_pre_hook(m, halving, &calls);
    Tensor *x = torch_full(8.0, 1, 1);
    ck_assert_tensor(nn_forward(m, x), 1, ((double[]){4}), 0, 0);
    ck_assert_tensor(x, 1, ((double[]){8}), 0, 0);
    nn_remove_hook(m, handle);
    ck_assert_tensor(nn_forward(m, x), 1, ((double[]){8}), 0, 0);
    ck_assert_int_eq(calls, 1);
    ck_assert_int_eq(nn_register_forward_pre_hook(m, NULL, NULL), -1);
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
    nn_free(m);
}
END_TEST

typedef struct Seen { /* by a backward hook */
    int calls;
    double in, out;
    bool replaces;
} Seen;

static void look_back(nn_Module *m, Tensor **grad_input, int64_t n_in, Tensor *const *grad_output, int64_t n_out,
                      void *data)
{
    Seen *seen = data;
    ck_assert_str_eq(nn_class_name(m), "Linear");
    ck_assert_int_eq(n_in, 1);
    ck_assert_int_eq(n_out, 1);
    seen->calls++;
    seen->in = grad_input[0] ? torch_item(grad_input[0]) : -1;
    seen->out = grad_output[0] ? torch_item(grad_output[0]) : -1;
    if (seen->replaces) grad_input[0] = torch_mul(grad_input[0], 10);
}

/* y = 2 x, loss = 3 y: grad_output is 3, grad_input 6 */
START_TEST(backward_hooks)
{
    nn_Linear *m = nn_Linear(1, 1, .bias = false);
    nn_init_constant_(m->weight, 2);
    Seen seen = {0, 0, 0, false};
    int64_t handle = nn_register_full_backward_hook(m, look_back, &seen);
    Tensor *x = torch_full(5.0, 1, 1);
    torch_requires_grad_(x, true);
    Tensor *y = nn_forward(m, x);
    ck_assert_str_eq(torch_grad_fn(y), "BackwardHookFunctionBackward");
    torch_backward(torch_sum(torch_mul(y, 3)));
    ck_assert_int_eq(seen.calls, 1);
    ck_assert_double_eq(seen.in, 6);
    ck_assert_double_eq(seen.out, 3);
    ck_assert_tensor(torch_grad(x), 1, ((double[]){6}), 0, 0);
    ck_assert_tensor(torch_grad(m->weight), 1, ((double[]){15}), 0, 0);
    seen.replaces = true;
    torch_backward(torch_sum(nn_forward(m, x)));
    ck_assert_tensor(torch_grad(x), 1, ((double[]){26}), 0, 0);
    seen.replaces = false; /* no input requires a gradient: called from the results */
    torch_backward(torch_sum(nn_forward(m, torch_detach(x))));
    ck_assert_int_eq(seen.calls, 3);
    ck_assert_double_eq(seen.in, -1);
    ck_assert_double_eq(seen.out, 1);
    y = nn_forward(m, x);
    nn_remove_hook(m, handle); /* what was called keeps its hooks */
    torch_backward(torch_sum(y));
    ck_assert_int_eq(seen.calls, 4);
    torch_backward(torch_sum(nn_forward(m, x)));
    ck_assert_int_eq(seen.calls, 4);
    nn_register_full_backward_hook(m, look_back, &seen);
    y = torch_sum(nn_forward(m, x));
    nn_free(m); /* and a module that has ended calls none */
    torch_backward(y);
    ck_assert_int_eq(seen.calls, 4);
    ck_assert_ptr_null(torch_error());
}
END_TEST

START_TEST(hooks_without_memory)
{
    for (int64_t nth = 1; nth < 500; nth++) {
        torch_scope();
        Seen seen = {0, 0, 0, false};
        int calls = 0;
        torch_fail_allocation(nth);
        nn_Linear *m = nn_Linear(1, 1);
        Tensor *x = torch_full(5.0, 1, 1);
        if (m) nn_register_full_backward_hook(m, look_back, &seen), nn_register_forward_pre_hook(m, halving, &calls);
        if (x) torch_requires_grad_(x, true);
        nn_Linear *copy = m ? nn_deepcopy(m) : NULL;
        Tensor *loss = copy && x ? torch_sum(nn_forward(copy, x)) : NULL;
        if (loss) torch_backward(loss);
        torch_fail_allocation(0);
        bool fine = !torch_error();
        torch_error_clear();
        if (fine) ck_assert_int_eq(seen.calls, 1);
        nn_free(copy);
        nn_free(m);
        if (fine) return;
    }
    ck_abort_msg("never enough memory");
}
END_TEST

/* Ties stay ties, pointers show the copy's things, gradients stay behind. */
START_TEST(deep_copies)
{
    nn_Linear *fc = nn_Linear(2, 2);
    nn_Sequential *m = nn_Sequential(fc, nn_BatchNorm1d(2), fc);
    nn_requires_grad_(fc, false);
    torch_requires_grad_(fc->bias, true);
    torch_backward(torch_sum(nn_forward(m, torch_ones(3, 2))));
    nn_Sequential *copy = nn_deepcopy(m);
    nn_Linear *first = nn_as(nn_Linear, nn_Sequential_get(copy, 0));
    ck_assert_ptr_ne(first, fc);
    ck_assert_ptr_eq(first, nn_Sequential_get(copy, 2));
    ck_assert_ptr_eq(first->weight, nn_get_parameter(copy, "0.weight"));
    ck_assert(!torch_requires_grad(first->weight));
    ck_assert(torch_requires_grad(first->bias));
    ck_assert_ptr_nonnull(torch_grad(fc->bias));
    ck_assert_ptr_null(torch_grad(first->bias));
    nn_BatchNorm *norm = nn_as(nn_BatchNorm1d, nn_Sequential_get(copy, 1));
    ck_assert_ptr_eq(norm->running_mean, nn_named_buffers(copy).tensor[0]);
    nn_init_zeros_(first->bias);
    ck_assert(!torch_equal(first->bias, fc->bias));
    nn_free(m);
    ck_assert_ptr_nonnull(nn_forward(copy, torch_ones(3, 2)));
    nn_free(copy);
}
END_TEST

static int noted_copy(nn_Module *copy, const nn_Module *original)
{
    (void)original;
    ((Noted *)copy)->note = "a copy";
    return TORCH_OK;
}

START_TEST(deep_copy_of_a_class)
{
    int freed = 0;
    Noted *m = Noted_new("original", true);
    m->freed = &freed;
    ck_assert_ptr_null(nn_deepcopy(m));
    ck_assert_error(TORCH_TYPE_ERROR,
                    "cannot copy a Noted: its class ends what it holds and has no function that copies "
                    "it");
    nn_Class copying = Noted_class;
    copying.copy = noted_copy;
    Noted *other = nn_new_class(Noted, &copying);
    other->freed = &freed;
    nn_set(other, child, nn_Sequential());
    Noted *copy = nn_deepcopy(other);
    ck_assert_str_eq(copy->note, "a copy");
    ck_assert_ptr_ne(copy->child, other->child);
    nn_free(copy);
    nn_free(other);
    nn_free(m);
    ck_assert_int_eq(freed, 3);
}
END_TEST

/* What PyTorch prints of lazy layers before and after their first input; and an optimizer that held the weights before. */
START_TEST(lazy_layers)
{
    nn_Linear *m = nn_LazyLinear(2);
    nn_Conv2d *c = nn_LazyConv2d(8, 3);
    ck_assert_str_eq(nn_str(m), "LazyLinear(in_features=0, out_features=2, bias=True)");
    ck_assert_str_eq(nn_str(c), "LazyConv2d(0, 8, kernel_size=(3, 3), stride=(1, 1))");
    Tensor *weight = m->weight;
    nn_Linear *copy = nn_deepcopy(m);
    torch_manual_seed(3);
    ck_assert_ptr_nonnull(nn_forward(m, torch_ones(1, 4)));
    ck_assert_str_eq(nn_str(m), "Linear(in_features=4, out_features=2, bias=True)");
    ck_assert_ptr_eq(m->weight, weight);
    ck_assert_ptr_eq(nn_get_parameter(m, "weight"), weight);
    ck_assert_ptr_eq(nn_as(nn_Linear, m), m);
    torch_manual_seed(3);
    nn_Linear *other = nn_Linear(4, 2);
    ck_assert(torch_equal(other->weight, weight));
    ck_assert_str_eq(nn_class_name(copy), "LazyLinear");
    ck_assert_ptr_nonnull(nn_forward(copy, torch_ones(1, 7)));
    ck_assert_int_eq(copy->in_features, 7);
    torch_backward(torch_sum(nn_forward(m, torch_ones(1, 4))));
    ck_assert_ptr_nonnull(torch_grad(weight));
    nn_free(m);
    nn_free(c);
    nn_free(copy);
    nn_free(other);
}
END_TEST

START_TEST(class_with_a_record)
{
    int freed = 0;
    Noted *m = Noted_new("", true);
    m->freed = &freed;
    nn_Sequential *s = nn_Sequential(m, nn_Identity());
    ck_assert_tensor(nn_forward(s, torch_tensor(3.0)), 1, ((double[]){6}), 0, 0);
    Tensor *x = torch_ones(1), *out[2];
    ck_assert_int_eq(nn_Module_forward_n(&m->module, &x, 1, out, 2), TORCH_OK);
    ck_assert_tensor(out[1], 1, ((double[]){1}), 0, 0);
    int64_t live = torch_live_tensors();
    nn_forward(m, x); /* the body's own tensors are gone, its result is left */
    ck_assert_int_eq(torch_live_tensors(), live + 1);
    nn_free(s);
    ck_assert_int_eq(freed, 1);
}
END_TEST

START_TEST(containers)
{
    nn_ModuleList *list = nn_ModuleList(nn_Linear(1, 2), nn_Linear(2, 3));
    nn_ModuleList_append(list, nn_Tanh());
    ck_assert_int_eq(nn_ModuleList_len(list), 3);
    ck_assert_str_eq(nn_class_name(nn_ModuleList_get(list, -1)), "Tanh");
    Tensor *x = torch_ones(1, 1);
    for (int64_t i = 0; i < nn_ModuleList_len(list); i++) x = nn_forward(nn_ModuleList_get(list, i), x);
    ck_assert_shape(x, 1, 3);
    nn_free(list);
    nn_Linear *l = nn_Linear(2, 2);
    nn_Sequential *twice = nn_Sequential(l, l), *empty = nn_Sequential();
    ck_assert_int_eq(nn_parameters(twice).length, 2);
    Tensor *y = torch_ones(2);
    ck_assert_tensor(nn_forward(twice, y), 2,
                     ((double[]){support_element(nn_forward(l, nn_forward(l, y)), 0),
                                 support_element(nn_forward(l, nn_forward(l, y)), 1)}),
                     0, 0);
    ck_assert_ptr_eq(nn_forward(empty, y), y);
    nn_free(l); /* has parents: they end it */
    nn_free(twice);
    nn_free(empty);
}
END_TEST

START_TEST(replacing_a_child)
{
    int freed = 0;
    typedef struct {
        nn_Module module;
        Noted *child;
    } Parent;
    Parent *p = nn_new(Parent);
    nn_set(p, child, Noted_new("first", false));
    p->child->freed = &freed;
    nn_set(p, child, Noted_new("second", false));
    ck_assert_int_eq(freed, 1);
    ck_assert_str_eq(p->child->note, "second");
    p->child->freed = &freed;
    Noted *third = Noted_new("third", false);
    third->freed = &freed;
    torch_error_raise(TORCH_RUNTIME_ERROR, "", "before");
    nn_set(p, child, third);
    ck_assert_error(TORCH_RUNTIME_ERROR, "before");
    ck_assert_int_eq(freed, 2);
    ck_assert_str_eq(p->child->note, "second");
    nn_free(p);
    ck_assert_int_eq(freed, 3);
}
END_TEST

START_TEST(cycles_and_towers)
{
    typedef struct {
        nn_Module module;
        nn_Module *child;
    } Ring;
    Ring *a = nn_new(Ring), *b = nn_new(Ring);
    nn_set(a, child, &b->module);
    nn_set(b, child, &a->module);
    ck_assert_error(TORCH_VALUE_ERROR, "a module cannot be its own child");
    ck_assert_ptr_null(b->child);
    ck_assert_ptr_eq(a->child, &b->module); /* a has not ended: b is in it */
    nn_free(a);
    nn_Sequential *tower = nn_Sequential();
    for (int i = 0; i < 2000 && !torch_error(); i++) tower = nn_Sequential(tower);
    ck_assert_ptr_null(tower);
    ck_assert_error(TORCH_RUNTIME_ERROR, "maximum recursion depth exceeded: modules are nested too deeply");
    nn_Sequential *root = nn_Sequential();
    nn_ModuleList *at = (nn_ModuleList *)root;
    while (at && !torch_error()) at = nn_ModuleList_append(at, nn_ModuleList());
    ck_assert_error(TORCH_RUNTIME_ERROR, "maximum recursion depth exceeded: modules are nested too deeply");
    nn_free(root);
}
END_TEST

/* ---- state_dict -------------------------------------------------------------------------------------------------- */

START_TEST(state_dict_order)
{
    Two *m = Two_new();
    torch_StateDict *d = nn_state_dict(m);
    int64_t n = 0;
    for (; two_state[n]; n++) ck_assert_str_eq(torch_StateDict_key(d, n), two_state[n]);
    ck_assert_int_eq(torch_StateDict_len(d), n);
    Tensor *w = torch_StateDict_get(d, "a.weight");
    ck_assert_ptr_eq(torch_data_ptr(w), torch_data_ptr(m->a->weight));
    ck_assert(!torch_requires_grad(w));
    nn_free(m);
    ck_assert_int_eq(torch_numel(w), 6); /* the dictionary keeps it */
}
END_TEST

START_TEST(state_dict_round_trip)
{
    SimpleRNN *m = SimpleRNN_new(1, 2, 1), *other = SimpleRNN_new(1, 2, 1);
    torch_StateDict *best = torch_StateDict_deepcopy(nn_state_dict(m));
    double before = support_element(m->fc->bias, 0);
    {
        torch_no_grad();
        torch_add_(m->fc->bias, 1);
    }
    ck_assert_int_eq(nn_load_state_dict(other, nn_state_dict(m)), TORCH_OK);
    ck_assert_double_eq(support_element(other->fc->bias, 0), support_element(m->fc->bias, 0));
    ck_assert_int_eq(nn_load_state_dict(m, nn_state_dict(m)), TORCH_OK);
    ck_assert_int_eq(nn_load_state_dict(m, best), TORCH_OK);
    ck_assert_double_eq(support_element(m->fc->bias, 0), before);
    ck_assert(torch_requires_grad(m->fc->bias));
    torch_StateDict_free(best);
    nn_free(m);
    nn_free(other);
}
END_TEST

START_TEST(state_dict_as_a_dictionary)
{
    torch_StateDict *d = torch_StateDict_new();
    char key[16];
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "k%d", i);
        torch_StateDict_set(d, key, torch_full(i, 1));
    }
    torch_StateDict_set(d, "k3", torch_full(-3, 1));
    torch_StateDict_del(d, "k50");
    ck_assert_int_eq(torch_StateDict_len(d), 99);
    ck_assert_str_eq(torch_StateDict_key(d, 50), "k51");
    ck_assert_double_eq(torch_item(torch_StateDict_get(d, "k3")), -3);
    ck_assert_double_eq(torch_item(torch_StateDict_value(d, 98)), 99);
    ck_assert(torch_StateDict_contains(d, "k99") && !torch_StateDict_contains(d, "k50"));
    ck_assert_ptr_null(torch_StateDict_get(d, "k50"));
    ck_assert_error(TORCH_KEY_ERROR, "'k50'");
    ck_assert_ptr_null(torch_StateDict_key(d, 99));
    ck_assert_error(TORCH_INDEX_ERROR, "list index out of range");
    torch_StateDict_free(d);
}
END_TEST

/* ---- complaints -------------------------------------------------------------------------------------------------- */

START_TEST(constructor_errors)
{
    assert_raises("nn.Linear()", nn_Linear());
    assert_raises("nn.Linear(2)", nn_Linear(2));
    assert_raises("nn.Linear(-1, 2)", nn_Linear(-1, 2));
    assert_raises("nn.Linear(2, 2, dtype=torch.int64)", nn_Linear(2, 2, .dtype = torch_int64));
    assert_raises("nn.RNN()", nn_RNN());
    assert_raises("nn.RNN(1)", nn_RNN(1));
    assert_raises("nn.RNN(1, 0)", nn_RNN(1, 0));
    assert_raises("nn.RNN(1, -2)", nn_RNN(1, -2));
    assert_raises("nn.RNN(-1, 2)", nn_RNN(-1, 2));
    assert_raises("nn.RNN(1, 2, 0)", nn_RNN(1, 2, 0));
    assert_raises("nn.RNN(1, 2, -1)", nn_RNN(1, 2, -1));
    assert_raises("nn.RNN(1, 2, dropout=2)", nn_RNN(1, 2, .dropout = 2));
    assert_raises("nn.RNN(1, 2, dropout=-0.1)", nn_RNN(1, 2, .dropout = -0.1));
    assert_raises("nn.RNN(1, 2, nonlinearity='foo')", nn_RNN(1, 2, .nonlinearity = "foo"));
    assert_raises("nn.Dropout(-1.)", nn_Dropout(-1));
    assert_raises("nn.Dropout(1.5)", nn_Dropout(1.5));
    assert_raises("nn.Parameter(torch.tensor(3))", nn_Parameter(torch_tensor(3)));
}
END_TEST

START_TEST(rnn_errors)
{
    nn_RNN *r = nn_RNN(1, 5, .batch_first = true);
    Tensor *x = torch_zeros(10, 1, 1), *x2 = torch_zeros(10, 1), *hn;
    int64_t empty[1] = {0};
    assert_raises("r(torch.zeros(3))", nn_forward(r, torch_zeros(3)));
    assert_raises("r(torch.zeros(()))", nn_forward(r, torch_zeros_n(0, empty, torch_float32)));
    assert_raises("r(torch.zeros(2, 3, 4, 1))", nn_forward(r, torch_zeros(2, 3, 4, 1)));
    assert_raises("r(torch.zeros(10, 1, 2))", nn_RNN_forward(r, torch_zeros(10, 1, 2), NULL, &hn));
    ck_assert_ptr_null(hn);
    assert_raises("r(torch.zeros(10, 1, 1), torch.zeros(1, 10, 4))", nn_RNN_forward(r, x, torch_zeros(1, 10, 4), &hn));
    assert_raises("r(torch.zeros(10, 1, 1), torch.zeros(1, 9, 5))", nn_RNN_forward(r, x, torch_zeros(1, 9, 5), NULL));
    assert_raises("r(torch.zeros(10, 1, 1), torch.zeros(10, 5))", nn_forward(r, x, torch_zeros(10, 5)));
    assert_raises("r(torch.zeros(10, 1), torch.zeros(1, 10, 5))", nn_forward(r, x2, torch_zeros(1, 10, 5)));
    assert_raises("r(torch.zeros(10, 1), torch.zeros(2, 5))", nn_forward(r, x2, torch_zeros(2, 5)));
    assert_raises("r(torch.zeros(10, 0, 1))", nn_forward(r, torch_zeros(10, 0, 1)));
    assert_raises("r()", nn_Module_forward_n(&r->module, NULL, 0, &hn, 1));
    assert_raises("r(torch.zeros(10, 1, 1), None, None)", nn_forward(r, x, NULL, NULL));
    assert_raises("r(torch.zeros(10, 1, 1, dtype=torch.int64))",
                  nn_forward(r, torch_zeros(10, 1, 1, .dtype = torch_int64)));
    assert_raises("r(torch.zeros(10, 1, 1), torch.zeros(1, 10, 5, dtype=torch.float64))",
                  nn_forward(r, x, torch_zeros(1, 10, 5, .dtype = torch_float64)));
    nn_forward(r, NULL);
    ck_assert_int_eq(torch_error_code(), TORCH_TYPE_ERROR);
    torch_error_clear();
    nn_RNN_forward(NULL, x, NULL, &hn);
    ck_assert_error(TORCH_TYPE_ERROR, "forward(): the module is NULL");
    nn_free(r);
}
END_TEST

START_TEST(forward_errors)
{
    nn_Linear *lin = nn_Linear(2, 3);
    nn_MSELoss *loss = nn_MSELoss(), *foo = nn_MSELoss(.reduction = "foo");
    SimpleRNN *simple = SimpleRNN_new(1, 2, 1);
    nn_Sequential *none = nn_Sequential(NULL);
    Tensor *a = torch_zeros(2), *out;
    torch_WarningHandler before = torch_set_warning_handler(NULL); /* of sizes that differ */
    assert_raises("lin()", nn_Module_forward_n(&lin->module, NULL, 0, &out, 1));
    assert_raises("lin(torch.zeros(2), torch.zeros(2))", nn_forward(lin, a, a));
    assert_raises("lin(torch.zeros(4, 3))", nn_forward(lin, torch_zeros(4, 3)));
    assert_raises("nn.MSELoss()()", nn_Module_forward_n(&loss->module, NULL, 0, &out, 1));
    assert_raises("nn.MSELoss()(torch.zeros(2))", nn_forward(loss, a));
    assert_raises("nn.MSELoss()(torch.zeros(2), torch.zeros(3))", nn_forward(loss, a, torch_zeros(3)));
    assert_raises("nn.MSELoss(reduction='foo')(torch.zeros(2), torch.zeros(2))", nn_forward(foo, a, a));
    assert_raises("SimpleRNN()(torch.zeros(1))", nn_forward(simple, a));
    assert_raises("nn.Sequential(None)(torch.zeros(1))", nn_forward(none, a));
    torch_set_warning_handler(before);
    nn_free(lin);
    nn_free(loss);
    nn_free(foo);
    nn_free(simple);
    nn_free(none);
}
END_TEST

START_TEST(registration_errors)
{
    nn_Linear *lin = nn_Linear(2, 3);
    nn_Module *m = &lin->module;
    nn_ModuleList *list = nn_ModuleList(nn_Linear(1, 1));
    assert_raises("lin.to(torch.int64)", nn_to(lin, torch_int64));
    assert_raises("lin.register_parameter('a.b', None)", nn_Module_register_parameter(m, "a.b", NULL));
    assert_raises("lin.register_parameter('', None)", nn_Module_register_parameter(m, "", NULL));
    assert_raises("lin.register_parameter('w2', torch.zeros(1))",
                  nn_Module_register_parameter(m, "w2", torch_zeros(1)));
    assert_raises("lin.register_buffer('weight', torch.zeros(1))",
                  nn_Module_register_buffer(m, "weight", torch_zeros(1), true));
    assert_raises("lin.add_module('x.y', None)", nn_Module_add_module(m, "x.y", NULL));
    assert_raises("lin.add_module('', None)", nn_Module_add_module(m, "", NULL));
    assert_raises("lin.add_module('weight', nn.Linear(1, 1))", nn_Module_add_module(m, "weight", nn_Linear(1, 1)));
    assert_raises("lin.get_submodule('foo')", nn_get_submodule(lin, "foo"));
    assert_raises("lin.get_parameter('foo')", nn_get_parameter(lin, "foo"));
    assert_raises("nn.ModuleList([nn.Linear(1, 1)])[3]", nn_ModuleList_get(list, 3));
    assert_raises("nn.ModuleList([nn.Linear(1, 1)])[-2]", nn_ModuleList_get(list, -2));
    ck_assert_int_eq(nn_parameters(lin).length, 2);
    nn_free(lin);
    nn_free(list);
}
END_TEST

START_TEST(loading_errors)
{
    nn_Linear *lin = nn_Linear(2, 3);
    Two *two = Two_new();
    double before = support_element(two->a->weight, 0);
    torch_StateDict *d[4];
    for (int i = 0; i < 4; i++) d[i] = torch_StateDict_new();
    torch_StateDict_set(d[0], "weight", torch_zeros(3, 3));
    torch_StateDict_set(d[0], "foo", torch_zeros(1));
    torch_StateDict_set(d[0], "foo.bar", torch_zeros(1));
    assert_raises(
        "lin.load_state_dict({'weight': torch.zeros(3, 3), 'foo': torch.zeros(1), 'foo.bar': torch.zeros(1)})",
        nn_load_state_dict(lin, d[0]));
    torch_StateDict_set(d[1], "weight", torch_zeros(3));
    torch_StateDict_set(d[1], "foo", torch_zeros(1));
    assert_raises("lin.load_state_dict({'weight': torch.zeros(3), 'foo': torch.zeros(1)}, strict=False)",
                  nn_load_state_dict(lin, d[1], .strict = false));
    assert_raises("lin.load_state_dict({})", nn_load_state_dict(lin, d[2]));
    ck_assert_int_eq(nn_load_state_dict(lin, d[2], false), TORCH_OK);
    const char *const key[] = {"a.weight", "a.weight.x",         "a.y", "layers", "layers.2.z",
                               "hidden",   "layers.1.bias_ih_l0"};
    int64_t shape[2] = {3, 2}, one = 1;
    for (int i = 0; i < 7; i++)
        torch_StateDict_set(
            d[3], key[i], i == 0 ? torch_zeros_n(2, shape, torch_float32) : torch_zeros_n(i < 6, &one, torch_float32));
    assert_raises(
        "Two().load_state_dict({'a.weight': torch.zeros(3, 2), 'a.weight.x': torch.zeros(1), 'a.y': torch.zeros(1), "
        "'layers': torch.zeros(1), 'layers.2.z': torch.zeros(1), 'hidden': torch.zeros(1), "
        "'layers.1.bias_ih_l0': torch.zeros(())})",
        nn_load_state_dict(two, d[3]));
    ck_assert_double_eq(support_element(two->a->weight, 0), before); /* nothing was copied */
    for (int i = 0; i < 4; i++) torch_StateDict_free(d[i]);
    nn_free(lin);
    nn_free(two);
}
END_TEST

START_TEST(warnings)
{
    nn_MSELoss *loss = nn_MSELoss();
    nn_RNN *r;
    nn_Linear *l;
    assert_warns("nn.RNN(1, 2, dropout=0.5)", r = nn_RNN(1, 2, .dropout = 0.5));
    assert_warns("nn.Linear(0, 2)", l = nn_Linear(0, 2));
    assert_warns("nn.MSELoss()(torch.zeros(10, 1), torch.zeros(10, 1, 1))",
                 nn_forward(loss, torch_zeros(10, 1), torch_zeros(10, 1, 1)));
    ck_assert_no_error();
    nn_free(loss);
    nn_free(r);
    nn_free(l);
}
END_TEST

START_TEST(silent_while_an_error_is_pending)
{
    nn_Linear *lin = nn_Linear(1, 1);
    Tensor *x = torch_ones(1);
    torch_error_raise(TORCH_RUNTIME_ERROR, "", "before");
    ck_assert_ptr_null(nn_Linear(-1, 2));
    ck_assert_ptr_null(nn_RNN(1, 2));
    ck_assert_ptr_null(nn_new(SimpleRNN));
    ck_assert_ptr_null(nn_forward(lin, x));
    ck_assert_ptr_null(nn_Sequential(nn_Linear(1, 1)));
    ck_assert_int_eq(nn_parameters(lin).length, 0);
    ck_assert_ptr_null(nn_state_dict(lin));
    ck_assert_ptr_null(nn_str(lin));
    ck_assert_ptr_null(nn_train(lin) ? nn_to(lin, torch_float64) : NULL);
    ck_assert_int_eq(nn_load_state_dict(lin, NULL), TORCH_RUNTIME_ERROR);
    ck_assert_error(TORCH_RUNTIME_ERROR, "before");
    ck_assert_int_eq(support_errors_raised(), 1);
    nn_free(lin);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/* Lets every allocation of `make` fail in turn, until it gets through. Failing: NULL or not,
 * an error, and no tensor left. */
static void fail_each(void *(*make)(void *), void *data, void (*end)(void *))
{
    for (int64_t k = 1; k < 5000; k++) {
        int64_t live = torch_live_tensors(), scope = torch_scope_push();
        torch_fail_allocation(k);
        void *made = make(data);
        torch_fail_allocation(0);
        bool failed = torch_error() != NULL;
        if (failed) ck_assert_int_eq(torch_error_code(), TORCH_MEMORY_ERROR);
        torch_error_clear();
        if (end && made) end(made);
        torch_scope_pop(scope);
        ck_assert_int_eq(torch_live_tensors(), live);
        ck_assert(failed || made);
        if (!failed) return;
    }
    ck_abort_msg("it never gets through");
}

static void end_module(void *m)
{
    nn_Module_free(m);
}

static void *make_linear(void *data)
{
    (void)data;
    return nn_Linear(2, 3);
}

static void *make_rnn(void *data)
{
    (void)data;
    return nn_RNN(2, 3, 2, .bidirectional = true);
}

static void *make_simple(void *data)
{
    (void)data;
    return SimpleRNN_new(1, 2, 1);
}

static void *make_sequential(void *data)
{
    (void)data;
    return nn_Sequential(nn_Linear(1, 2), nn_Sequential(nn_Tanh(), nn_RNN(1, 1)),
                         nn_ModuleList(nn_ReLU(), nn_ReLU(), nn_ReLU()));
}

static void *make_shared(void *data)
{
    (void)data;
    nn_Linear *l = nn_Linear(1, 1);
    return nn_Sequential(l, l, nn_Tanh(), l);
}

static void *make_names(void *m)
{
    return nn_named_parameters((nn_Module *)m).length && nn_named_modules((nn_Module *)m).length ? m : NULL;
}

static void *make_state_dict(void *m)
{
    return nn_state_dict((nn_Module *)m);
}

static void *make_copy(void *m)
{
    return torch_StateDict_deepcopy(nn_state_dict((nn_Module *)m));
}

static void end_copy(void *d)
{
    torch_StateDict_free(d);
}

static void *make_text(void *m)
{
    const char *s = nn_str((nn_Module *)m);
    return s ? m : NULL;
}

static void *make_load(void *m)
{
    return nn_load_state_dict((nn_Module *)m, nn_state_dict((nn_Module *)m)) ? NULL : m;
}

static void *make_forward(void *m)
{
    Tensor *hn, *y = nn_RNN_forward(m, torch_ones(11, 2, 2), NULL, &hn);
    ck_assert((y == NULL) == (torch_error() != NULL) && (hn == NULL) == (y == NULL));
    return y;
}

START_TEST(constructors_without_memory)
{
    fail_each(make_linear, NULL, end_module);
    fail_each(make_rnn, NULL, end_module);
    fail_each(make_simple, NULL, end_module);
    fail_each(make_sequential, NULL, end_module);
    fail_each(make_shared, NULL, end_module);
}
END_TEST

START_TEST(functions_without_memory)
{
    Two *m = Two_new();
    nn_RNN *r = nn_RNN(2, 3, 2, .bidirectional = true);
    fail_each(make_names, m, NULL);
    fail_each(make_state_dict, m, NULL);
    fail_each(make_copy, m, end_copy);
    fail_each(make_text, m, NULL);
    fail_each(make_load, m, NULL);
    fail_each(make_forward, r, NULL);
    nn_free(m);
    nn_free(r);
}
END_TEST

START_TEST(to_without_memory)
{
    Two *m = Two_new();
    for (int64_t k = 1;; k++) {
        torch_fail_allocation(k);
        bool done = nn_to(m, torch_float64) != NULL;
        torch_fail_allocation(0);
        torch_error_clear();
        torch_ParameterList p = nn_parameters(m);
        for (int64_t i = 0; i < p.length; i++)
            ck_assert_int_eq(torch_dtype_of(p.tensor[i]), done ? torch_float64 : torch_float32);
        if (done) break;
    }
    nn_free(m);
}
END_TEST

static TCase *looking(void)
{
    return test_case("looking", prints, names, parameters_are_leaves);
}

static TCase *trees(void)
{
    return test_case("trees", apply_children_first, modes, zero_grad, to_keeps_tensors, containers, replacing_a_child,
                     cycles_and_towers);
}

static TCase *calling(void)
{
    return test_case("calling", hooks, pre_hooks, backward_hooks, hooks_without_memory, deep_copies,
                     deep_copy_of_a_class, lazy_layers, class_with_a_record);
}

static TCase *state_dicts(void)
{
    return test_case("state_dicts", state_dict_order, state_dict_round_trip, state_dict_as_a_dictionary);
}

static TCase *complaints(void)
{
    return test_case("complaints", constructor_errors, rnn_errors, forward_errors, registration_errors, loading_errors,
                     warnings, silent_while_an_error_is_pending);
}

static TCase *memory(void)
{
    return test_case("memory", constructors_without_memory, functions_without_memory, to_without_memory);
}

SUITE_MAIN("nn modules", looking, trees, calling, state_dicts, complaints, memory)
