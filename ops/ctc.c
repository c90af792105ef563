/* ctc_loss: the negative log likelihood of a sequence of labels, over all alignments with the input's steps. */
#include <math.h>
#include <string.h>

#include "core/impl.h"
#include "ops/loss.h"
#include "ops/ops_internal.h"

typedef struct CtcAttrs {
    int64_t blank;
    bool zero_infinity;
} CtcAttrs;

enum { LOG_PROBS, TARGETS, STEPS, LENGTHS, GRAD = 4, LOSS, ALPHA };

typedef struct Item { /* one of the batch */
    const int64_t *label;
    int64_t n, steps; /* labels; steps of the input */
    int64_t steps_all, width, blank, classes;
    int64_t step, class; /* strides of log_probs */
} Item;

/* At an even place there is a blank. */
static int64_t label_at(const Item *item, int64_t place)
{
    return place % 2 ? item->label[place / 2] : item->blank;
}

#define REAL float
#define LOG logf
#define EXP expf
#define NAME(f) f##_f
#include "ops/ctc_kernel.h"
#undef REAL
#undef LOG
#undef EXP
#undef NAME
#define REAL double
#define LOG log
#define EXP exp
#define NAME(f) f##_d
#include "ops/ctc_kernel.h"

static const int64_t *numbers(torch_Scalar s)
{
    return (const int64_t *)(const void *)s.as.t->data;
}

static int64_t longest(torch_Scalar lengths)
{
    int64_t n = 0;
    for (int64_t b = 0; b < lengths.as.t->numel; b++)
        if (numbers(lengths)[b] > n) n = numbers(lengths)[b];
    return n;
}

/* The b-th of the batch; *start: where its labels begin, if they are all in one row, moves on. */
static Item item_of(const cer_Call *c, int64_t b, int64_t *start)
{
    const Tensor *p = c->in[LOG_PROBS].as.t, *targets = c->in[TARGETS].as.t;
    Item item = {.n = numbers(c->in[LENGTHS])[b], .steps = numbers(c->in[STEPS])[b], .steps_all = p->shape[0]};
    item.width = 2 * longest(c->in[LENGTHS]) + 1;
    item.blank = ((const CtcAttrs *)c->attrs)->blank;
    item.classes = p->shape[2];
    item.step = p->stride[0];
    item.class = p->stride[2];
    item.label = numbers(c->in[TARGETS]) + (targets->ndim == 1 ? *start : b * targets->shape[1]);
    *start += item.n;
    return item;
}

/* ---- checks ------------------------------------------------------------------------------------------------------ */

#define WHILE " (while checking arguments for ctc_loss_cpu)"

static bool counts_fit(const cer_Call *c, int64_t batch)
{
    const Tensor *p = c->in[LOG_PROBS].as.t, *targets = c->in[TARGETS].as.t;
    int64_t most = longest(c->in[LENGTHS]), all = 0;
    for (int64_t b = 0; b < batch; b++) {
        if (numbers(c->in[LENGTHS])[b] < 0 || numbers(c->in[STEPS])[b] < 0)
            return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "lengths must not be negative");
        if (__builtin_add_overflow(all, numbers(c->in[LENGTHS])[b], &all)) all = INT64_MAX;
    }
    int64_t rows = targets->ndim == 1 ? all : batch;
    if (targets->shape[0] != rows)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "Expected tensor to have size %lld at dimension 0, but got size %lld for argument #2 "
                         "'targets'" WHILE,
                         (long long)rows, (long long)targets->shape[0]);
    if (targets->ndim == 2 && targets->shape[1] < most)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "Expected tensor to have size at least %lld at dimension 1, but got size %lld for argument #2 "
                         "'targets'" WHILE,
                         (long long)most, (long long)targets->shape[1]);
    for (int64_t b = 0; b < batch; b++)
        if (numbers(c->in[STEPS])[b] > p->shape[0])
            return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                             "Expected input_lengths to have value at most %lld, but got value %lld" WHILE,
                             (long long)p->shape[0], (long long)numbers(c->in[STEPS])[b]);
    return true;
}

static bool labels_fit(const cer_Call *c, int64_t batch)
{
    int64_t start = 0;
    for (int64_t b = 0; b < batch; b++) {
        Item item = item_of(c, b, &start);
        for (int64_t k = 0; k < item.n; k++)
            if (item.label[k] < 0 || item.label[k] >= item.classes)
                return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "target %lld is out of bounds",
                                 (long long)item.label[k]);
    }
    return true;
}

static bool fits(const cer_Call *c)
{
    const Tensor *p = c->in[LOG_PROBS].as.t, *targets = c->in[TARGETS].as.t;
    int64_t blank = ((const CtcAttrs *)c->attrs)->blank;
    if (p->dtype != torch_float32 && p->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "\"ctc_loss_cpu\" not implemented for '%s'",
                         cer_type_name(p->dtype));
    if (p->ndim != 3)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "Expected 3-dimensional tensor, but got %d-dimensional tensor for argument #1 "
                         "'log_probs'" WHILE,
                         p->ndim);
    if (targets->ndim < 1 || targets->ndim > 2)
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name,
                         "Expected 1 to 2 dimensions, but got %d-dimensional tensor for argument #2 'targets'" WHILE,
                         targets->ndim);
    if (blank < 0 || blank >= p->shape[2])
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "blank must be in label range");
    if (c->in[STEPS].as.t->numel != p->shape[1])
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "input_lengths must be of size batch_size");
    if (c->in[LENGTHS].as.t->numel != p->shape[1])
        return cer_raise(TORCH_RUNTIME_ERROR, c->op->name, "target_lengths must be of size batch_size");
    return counts_fit(c, p->shape[1]) && labels_fit(c, p->shape[1]);
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

static bool ctc_shape(cer_Call *c)
{
    if (!fits(c)) return false;
    const Tensor *p = c->in[LOG_PROBS].as.t;
    int64_t alpha[3] = {p->shape[1], p->shape[0], 2 * longest(c->in[LENGTHS]) + 1};
    cer_form(&c->form[0], p->dtype, 1, &p->shape[1]);
    return cer_form_checked(&c->form[1], c->op->name, (torch_dtype)p->dtype, 3, alpha);
}

static bool ctc_kernel(cer_Call *c)
{
    const Tensor *p = c->in[LOG_PROBS].as.t, *alpha = c->out[1];
    int64_t start = 0;
    for (int64_t b = 0; b < p->shape[1]; b++) {
        Item item = item_of(c, b, &start);
        void *loss = c->out[0]->data + b * cer_size_of(p->dtype);
        void *from = p->data + b * p->stride[1] * cer_size_of(p->dtype);
        void *room = alpha->data + b * item.steps_all * item.width * cer_size_of(p->dtype);
        if (p->dtype == torch_float32)
            *(float *)loss = forward_f(&item, from, room);
        else
            *(double *)loss = forward_d(&item, from, room);
    }
    return true;
}

static void ctc_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    torch_Scalar operands[7] = {[GRAD] = torch_scalar_tensor(g[0]),
                                [LOSS] = torch_scalar_tensor(cer_saved_output(n, 0)),
                                [ALPHA] = torch_scalar_tensor(cer_saved_output(n, 1))};
    for (int k = 0; k < GRAD; k++) operands[k] = cer_saved(n, k);
    in[LOG_PROBS] = cer_call(&cer_op_ctc_loss_backward, operands, 7, cer_attrs(n));
}

const cer_Op cer_op_ctc_loss = {
    .name = "_ctc_loss",
    .grad_name = "CtcLossBackward0",
    .schema =
        "_ctc_loss(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, int blank=0, bool "
        "zero_infinity=False) -> (Tensor, Tensor)",
    .shape = ctc_shape,
    .kernel = ctc_kernel,
    .vjp = ctc_vjp,
    .saves = {CER_SAVE(LOG_PROBS) | CER_SAVE(TARGETS) | CER_SAVE(STEPS) | CER_SAVE(LENGTHS) | CER_SAVE_OUTPUT(0) |
              CER_SAVE_OUTPUT(1)},
    .n_outputs = 2,
    .indices = 2,
    .attrs_bytes = sizeof(CtcAttrs),
};

/* ---- backward ---------------------------------------------------------------------------------------------------- */

static bool back_shape(cer_Call *c)
{
    cer_form(&c->form[0], c->in[LOG_PROBS].as.t->dtype, 3, c->in[LOG_PROBS].as.t->shape);
    return true;
}

static bool back_kernel(cer_Call *c)
{
    const Tensor *p = c->in[LOG_PROBS].as.t, *loss = c->in[LOSS].as.t, *alpha = c->in[ALPHA].as.t;
    size_t size = (size_t)cer_size_of(p->dtype), bytes = 2 * size * (size_t)alpha->shape[2] + 1;
    int64_t mark = cer_context()->pool.length, start = 0, classes = p->shape[2];
    const Tensor *g = cer_plain(c->in[GRAD].as.t, (torch_dtype)p->dtype);
    void *beta = g ? cer_alloc(bytes) : NULL;
    if (!beta) return g && cer_raise_memory(c->op->name, (double)bytes);
    memset(c->out[0]->data, 0, (size_t)c->out[0]->numel * size);
    for (int64_t b = 0; b < p->shape[1]; b++) {
        Item item = item_of(c, b, &start);
        size_t at = (size_t)b * size;
        const void *from = p->data + (size_t)(b * p->stride[1]) * size;
        const void *a = alpha->data + (size_t)(b * item.steps_all * item.width) * size;
        void *to = c->out[0]->data + (size_t)(b * classes) * size;
        bool single = p->dtype == torch_float32;
        double value = single ? (double)*(const float *)(const void *)(loss->data + at)
                              : *(const double *)(const void *)(loss->data + at);
        if (((const CtcAttrs *)c->attrs)->zero_infinity && value == INFINITY) continue;
        if (single)
            backward_f(&item, from, a, (float)value, *(const float *)(const void *)(g->data + at), beta, to,
                       p->shape[1] * classes);
        else
            backward_d(&item, from, a, value, *(const double *)(const void *)(g->data + at), beta, to,
                       p->shape[1] * classes);
    }
    cer_free(beta, bytes);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

static void back_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    (void)g, (void)in;
    cer_no_formula(n);
}

const cer_Op cer_op_ctc_loss_backward = {
    .name = "_ctc_loss_backward",
    .grad_name = "NotImplemented",
    .schema =
        "_ctc_loss_backward(Tensor grad, Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor "
        "target_lengths, Tensor neg_log_likelihood, Tensor log_alpha, int blank, bool zero_infinity=False) -> Tensor",
    .shape = back_shape,
    .kernel = back_kernel,
    .vjp = back_vjp,
    .n_outputs = 1,
    .attrs_bytes = sizeof(CtcAttrs),
};

/* ---- public ------------------------------------------------------------------------------------------------------ */

F_CtcLossArgs F_CtcLossArgs_defaults(void)
{
    return (F_CtcLossArgs){.struct_size = sizeof(F_CtcLossArgs), .reduction = "mean"};
}

static bool integral(const Tensor *t, const char *name)
{
    return (!torch_dtype_is_floating_point((torch_dtype)t->dtype) && t->dtype != torch_bool) ||
           cer_raise(TORCH_RUNTIME_ERROR, "ctc_loss", "%s must be integral", name);
}

/* The mean is over the batch, of each loss divided by its number of labels. */
static Tensor *reduced(Tensor *loss, Tensor *lengths, int32_t reduction)
{
    if (reduction == CER_REDUCE_SUM) return torch_sum(loss);
    if (reduction == CER_REDUCE_NONE) return loss;
    Tensor *divisor = loss ? torch_clamp_min(torch_flatten(cer_to(lengths, (torch_dtype)loss->dtype)), 1) : NULL;
    return torch_mean(torch_div(loss, divisor));
}

Tensor *F_ctc_loss_args(const F_CtcLossArgs *args)
{
    static const char op[] = "ctc_loss";
    int32_t reduction;
    F_CtcLossArgs a = F_CtcLossArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!cer_ready(a.log_probs, op, 1) || !cer_usable(a.targets, op, 2) || !cer_usable(a.input_lengths, op, 3) ||
        !cer_usable(a.target_lengths, op, 4) || !cer_reduction(op, a.reduction, &reduction) ||
        !integral(a.input_lengths, "input_lengths") || !integral(a.target_lengths, "target_lengths"))
        return NULL;
    bool batched = a.log_probs->ndim == 3;
    Tensor *p = batched ? a.log_probs : torch_unsqueeze(a.log_probs, 1);
    Tensor *targets = cer_plain(a.targets, torch_int64), *steps = cer_plain(a.input_lengths, torch_int64),
           *lengths = cer_plain(a.target_lengths, torch_int64);
    if (!p || !targets || !steps || !lengths) return NULL;
    CtcAttrs attrs = {a.blank, a.zero_infinity};
    torch_Scalar in[4] = {torch_scalar_tensor(p), torch_scalar_tensor(targets), torch_scalar_tensor(steps),
                          torch_scalar_tensor(lengths)};
    Tensor *loss = cer_call(&cer_op_ctc_loss, in, 4, &attrs);
    if (a.zero_infinity) loss = torch_where(torch_eq(loss, INFINITY), 0, loss);
    loss = reduced(loss, lengths, reduction);
    return batched || reduction != CER_REDUCE_NONE ? loss : torch_squeeze_dim(loss, 0);
}
