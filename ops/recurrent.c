/* One layer of RNN, LSTM or GRU in one direction as one op: a product and a loop over the units in each step, and on the way
 * back the gradient of the weight as one product over all steps. The input's product is not part of it. */
#include "ops/recurrent.h"

#include <string.h>

#include "ops/ops_internal.h"

enum { X, H, C, W, B, OPERANDS };
enum { OUT, C_N, WORK, OUTPUTS };

/* Of each sequence and step: gates, and what the way back needs (recurrent.inc), h last: the output may be overwritten. */
static int gates_of(int cell)
{
    return cell == CER_LSTM ? 4 : cell == CER_GRU ? 3 : 1;
}

static int work_of(int cell)
{
    return cell == CER_LSTM ? 7 : cell == CER_GRU ? 5 : 1;
}

typedef struct Sizes {
    int type, cell, gates, work;
    bool reverse;
    int64_t t, b, h, bytes; /* steps, sequences, units; of an element */
} Sizes;

static Sizes sizes_of(const cer_RecurrentAttrs *a, const Tensor *x, const Tensor *h)
{
    return (Sizes){.type = x->dtype,
                   .cell = a->cell,
                   .gates = gates_of(a->cell),
                   .work = work_of(a->cell),
                   .reverse = a->reverse,
                   .t = x->shape[0],
                   .b = x->shape[1],
                   .h = h->shape[1],
                   .bytes = (int64_t)torch_dtype_size((torch_dtype)x->dtype)};
}

/* Where the i-th step in time stands. */
static int64_t place(const Sizes *z, int64_t i)
{
    return z->reverse ? z->t - 1 - i : i;
}

/* The row of sequence b at place t, of `width` units. */
static char *row(const Sizes *z, char *data, int64_t t, int64_t b, int64_t width)
{
    return data + (t * z->b + b) * width * z->h * z->bytes;
}

/* h and an LSTM's c of sequence b at place t in the work */
static char *state_of(const Sizes *z, char *work, int64_t t, int64_t b)
{
    return row(z, work, t, b, z->work) + (z->work - 1) * z->h * z->bytes;
}

static char *cell_of(const Sizes *z, char *work, int64_t t, int64_t b)
{
    return row(z, work, t, b, z->work) + 4 * z->h * z->bytes;
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

static bool forward_shape(cer_Call *c)
{
    const Tensor *x = c->in[X].as.t, *h = c->in[H].as.t;
    Sizes z = sizes_of(c->attrs, x, h);
    const int64_t out[3] = {z.t, z.b, z.h}, work[3] = {z.t, z.b, z.work * z.h};
    torch_dtype type = (torch_dtype)x->dtype;
    return cer_form_checked(&c->form[OUT], c->op->name, type, 3, out) &&
           cer_form_checked(&c->form[C_N], c->op->name, type, 2, z.cell == CER_LSTM ? h->shape : (int64_t[]){0, 0}) &&
           cer_form_checked(&c->form[WORK], c->op->name, type, 3, work);
}

/* to = before W^T + bias: rows of gates H elements, `width` units apart; those of before `before_width` */
static void product(const Sizes *z, const char *before, int64_t before_width, const char *w, const char *bias, char *to,
                    int64_t width)
{
    int64_t n = z->gates * z->h;
    for (int64_t b = 0; bias && b < z->b; b++) memcpy(to + b * width * z->h * z->bytes, bias, (size_t)(n * z->bytes));
    cer_gemm(z->type, z->b, n, z->h, 1, before, before_width * z->h, 1, w, 1, z->h, bias ? 1 : 0, to, width * z->h, 1);
}

typedef struct Forward {
    Sizes z;
    const cer_Recurrent *k;
    char *x, *h, *c, *w, *bias, *out, *work, *room; /* room: products of a GRU, (B, 3 H) */
} Forward;

static void forward_step(const Forward *f, int64_t i)
{
    const Sizes *z = &f->z;
    int64_t t = place(z, i);
    char *before = i ? state_of(z, f->work, place(z, i - 1), 0) : f->h;
    int64_t before_width = i ? z->work : 1;
    if (z->cell == CER_GRU)
        product(z, before, before_width, f->w, f->bias, f->room, z->gates);
    else
        product(z, before, before_width, f->w, f->bias, row(z, f->work, t, 0, z->work), z->work);
    for (int64_t b = 0; b < z->b; b++) {
        char *x = row(z, f->x, t, b, z->gates), *work = row(z, f->work, t, b, z->work), *h = state_of(z, f->work, t, b);
        if (z->cell == CER_LSTM)
            f->k->lstm_step(z->h, x, i ? cell_of(z, f->work, place(z, i - 1), b) : row(z, f->c, 0, b, 1), work, h);
        else if (z->cell == CER_GRU)
            f->k->gru_step(z->h, x, row(z, f->room, 0, b, z->gates), row(z, before, 0, b, before_width), work, h);
        else
            f->k->rnn_step(z->h, z->cell == CER_RNN_RELU, x, h);
        memcpy(row(z, f->out, t, b, 1), h, (size_t)(z->h * z->bytes));
    }
}

static char *data_of(torch_Scalar s, int type)
{
    const Tensor *t = s.kind == TORCH_KIND_TENSOR ? cer_plain(s.as.t, (torch_dtype)type) : NULL;
    return t ? t->data : NULL;
}

static bool forward_kernel(cer_Call *c)
{
    int64_t mark = cer_context()->pool.length;
    Sizes z = sizes_of(c->attrs, c->in[X].as.t, c->in[H].as.t);
    char *in[OPERANDS];
    for (int k = 0; k < OPERANDS; k++) in[k] = data_of(c->in[k], z.type);
    char *room = z.cell == CER_GRU ? cer_pool_block((size_t)(z.b * z.gates * z.h * z.bytes), NULL) : NULL;
    if (cer_error_pending()) return false;
    Forward f = {z,
                 &cer_kernels()->recurrent[z.type],
                 in[X],
                 in[H],
                 in[C],
                 in[W],
                 in[B],
                 c->out[OUT]->data,
                 c->out[WORK]->data,
                 room};
    for (int64_t i = 0; i < z.t; i++) forward_step(&f, i);
    for (int64_t b = 0; b < z.b && z.cell == CER_LSTM; b++)
        memcpy(row(&z, c->out[C_N]->data, 0, b, 1), cell_of(&z, f.work, place(&z, z.t - 1), b),
               (size_t)(z.h * z.bytes));
    cer_pool_unwind(cer_context(), mark);
    return true;
}

/* ---- backward: gradients of x, of h, of the weight, and of an LSTM's c or a GRU's bias --------------------------- */

enum { G, G_C, SAVED_H, SAVED_C, SAVED_W, SAVED_WORK, BACK_OPERANDS };
enum { OF_X, OF_H, OF_W, OF_OTHER };

static bool backward_shape(cer_Call *c)
{
    const Tensor *g = c->in[G].as.t, *h = c->in[SAVED_H].as.t, *w = c->in[SAVED_W].as.t;
    Sizes z = sizes_of(c->attrs, g, h);
    torch_dtype type = (torch_dtype)g->dtype;
    const int64_t x[3] = {z.t, z.b, z.gates * z.h}, bias[1] = {z.gates * z.h};
    cer_form_like(&c->form[OF_H], type, h, true);
    cer_form_like(&c->form[OF_W], type, w, true);
    if (z.cell == CER_LSTM)
        cer_form_like(&c->form[OF_OTHER], type, h, true);
    else
        cer_form(&c->form[OF_OTHER], type, 1, bias);
    return cer_form_checked(&c->form[OF_X], c->op->name, type, 3, x);
}

typedef struct Backward {
    Sizes z;
    const cer_Recurrent *k;
    char *in[BACK_OPERANDS], *of_x, *of_h, *of_w, *of_c, *products,
        *g; /* products: gradients of h W^T + b, (T, B, G H) */
} Backward;

/* of_h: the gradient of h after the step, from the steps behind it; becomes that of h before */
static void backward_step(const Backward *f, int64_t i)
{
    const Sizes *z = &f->z;
    int64_t t = place(z, i), n = z->gates * z->h;
    memcpy(f->g, row(z, f->in[G], t, 0, 1), (size_t)(z->b * z->h * z->bytes));
    f->k->add(z->b * z->h, f->of_h, f->g);
    for (int64_t b = 0; b < z->b; b++) {
        char *g = row(z, f->g, 0, b, 1), *of_x = row(z, f->of_x, t, b, z->gates);
        char *saved = f->in[SAVED_WORK], *work = row(z, saved, t, b, z->work);
        char *h = i ? state_of(z, saved, place(z, i - 1), b) : row(z, f->in[SAVED_H], 0, b, 1);
        if (z->cell == CER_LSTM) {
            char *c = i ? cell_of(z, saved, place(z, i - 1), b) : row(z, f->in[SAVED_C], 0, b, 1);
            f->k->lstm_back(z->h, work, c, g, row(z, f->of_c, 0, b, 1), of_x);
        } else if (z->cell == CER_GRU) {
            f->k->gru_back(z->h, work, h, g, row(z, f->of_h, 0, b, 1), of_x, row(z, f->products, t, b, z->gates));
        } else {
            f->k->rnn_back(z->h, z->cell == CER_RNN_RELU, work, g, of_x);
        }
    }
    cer_gemm(z->type, z->b, z->h, n, 1, row(z, f->products, t, 0, z->gates), n, 1, f->in[SAVED_W], z->h, 1,
             z->cell == CER_GRU ? 1 : 0, f->of_h, z->h, 1);
}

/* dW = sum over steps of products^T h before: those that stand beside each other in one product. */
static void weight_gradient(const Backward *f)
{
    const Sizes *z = &f->z;
    int64_t n = z->gates * z->h, first = place(z, 0), later = z->reverse ? 0 : 1, rows = (z->t - 1) * z->b;
    cer_gemm(z->type, n, z->h, z->b, 1, row(z, f->products, first, 0, z->gates), 1, n, f->in[SAVED_H], z->h, 1, 0,
             f->of_w, z->h, 1);
    if (rows > 0)
        cer_gemm(z->type, n, z->h, rows, 1, row(z, f->products, later, 0, z->gates), 1, n,
                 state_of(z, f->in[SAVED_WORK], 1 - later, 0), z->work * z->h, 1, 1, f->of_w, z->h, 1);
}

static bool backward_kernel(cer_Call *c)
{
    int64_t mark = cer_context()->pool.length;
    Sizes z = sizes_of(c->attrs, c->in[G].as.t, c->in[SAVED_H].as.t);
    Backward f = {.z = z, .k = &cer_kernels()->recurrent[z.type]};
    int64_t n = z.gates * z.h, state = z.b * z.h * z.bytes;
    for (int k = 0; k < BACK_OPERANDS; k++) f.in[k] = data_of(c->in[k], z.type);
    f.g = cer_pool_block((size_t)state, NULL);
    f.of_x = f.products = c->out[OF_X]->data;
    if (z.cell == CER_GRU) f.products = cer_pool_block((size_t)(z.t * z.b * n * z.bytes), NULL);
    if (cer_error_pending()) return false;
    f.of_h = c->out[OF_H]->data;
    f.of_w = c->out[OF_W]->data;
    f.of_c = c->out[OF_OTHER]->data;
    memset(f.of_h, 0, (size_t)state);
    if (z.cell == CER_LSTM && f.in[G_C])
        memcpy(f.of_c, f.in[G_C], (size_t)state);
    else
        memset(f.of_c, 0, c->out[OF_OTHER]->storage->bytes);
    for (int64_t i = z.t - 1; i >= 0; i--) backward_step(&f, i);
    weight_gradient(&f);
    for (int64_t i = 0; i < z.t * z.b && z.cell == CER_GRU; i++)
        f.k->add(n, row(&z, f.products, 0, i, z.gates), f.of_c);
    cer_pool_unwind(cer_context(), mark);
    return true;
}

const cer_Op cer_op_recurrent_backward = {.name = "recurrent_backward",
                                          .shape = backward_shape,
                                          .kernel = backward_kernel,
                                          .n_outputs = 4,
                                          .flags = CER_NONDIFFERENTIABLE,
                                          .attrs_bytes = sizeof(cer_RecurrentAttrs)};

/* ---- the vjp ----------------------------------------------------------------------------------------------------- */

/* Through the same in public ops, recorded from views of the inputs on: to be differentiated again. */
static void vjp_in_ops(cer_Node *n, Tensor *const *g, Tensor *const *saved, Tensor **in)
{
    const cer_RecurrentAttrs *a = cer_attrs(n);
    Tensor *seen[OPERANDS] = {NULL}, *wanted[OPERANDS], *made[OPERANDS], *outs[2], *grads[2], *c_n = NULL;
    int64_t n_wanted = 0, n_outs = 0;
    for (int k = 0; k < OPERANDS; k++) {
        if (!saved[k]) continue;
        if (!(seen[k] = torch_view_n(saved[k], saved[k]->ndim, saved[k]->shape))) return;
        if (cer_needs(n, k)) wanted[n_wanted++] = seen[k];
    }
    Tensor *out =
        cer_recurrent_in_ops((cer_Cell)a->cell, a->reverse, seen[X], seen[H], seen[C], seen[W], seen[B], &c_n);
    if (!out) return;
    if (g[OUT]) outs[n_outs] = out, grads[n_outs++] = g[OUT];
    if (g[C_N] && a->cell == CER_LSTM) outs[n_outs] = c_n, grads[n_outs++] = g[C_N];
    torch_GradArgs args = {.struct_size = sizeof args,
                           .outputs = outs,
                           .n_outputs = n_outs,
                           .inputs = wanted,
                           .n_inputs = n_wanted,
                           .grad_outputs = grads,
                           .create_graph = true,
                           .retain_graph = true,
                           .allow_unused = true};
    if (n_outs == 0 || n_wanted == 0 || torch_autograd_grad_args(made, &args) != TORCH_OK) return;
    for (int k = 0, i = 0; k < OPERANDS; k++)
        if (cer_needs(n, k)) in[k] = made[i++];
}

static void recurrent_vjp(cer_Node *n, Tensor *const *g, Tensor **in)
{
    const cer_RecurrentAttrs *a = cer_attrs(n);
    Tensor *saved[OPERANDS], *made[4] = {NULL};
    for (int k = 0; k < OPERANDS; k++) saved[k] = cer_tensor(cer_saved(n, k));
    Tensor *work = cer_saved_output(n, WORK);
    if (cer_error_pending() || !work) return;
    if (torch_is_grad_enabled()) {
        vjp_in_ops(n, g, saved, in);
        return;
    }
    torch_Size size = cer_output_size(n, OUT);
    Tensor *g_out = g[OUT] ? g[OUT] : torch_zeros_n(size.ndim, size.dim, (torch_dtype)work->dtype);
    torch_Scalar operands[BACK_OPERANDS] = {torch_scalar_tensor(g_out),    torch_scalar_tensor(g[C_N]),
                                            torch_scalar_tensor(saved[H]), cer_saved(n, C),
                                            torch_scalar_tensor(saved[W]), torch_scalar_tensor(work)};
    if (!g[C_N]) operands[G_C] = torch_scalar_none();
    if (!g_out || !cer_call_many(&cer_op_recurrent_backward, operands, BACK_OPERANDS, a, made)) return;
    if (cer_needs(n, X)) in[X] = made[OF_X];
    if (cer_needs(n, H)) in[H] = made[OF_H];
    if (cer_needs(n, C)) in[C] = made[OF_OTHER];
    if (cer_needs(n, W)) in[W] = made[OF_W];
    if (cer_needs(n, B))
        in[B] = a->cell == CER_GRU ? made[OF_OTHER] : torch_sum(made[OF_X], .dims = TORCH_DIM_LIST(0, 1));
}

enum { ALL = CER_SAVE(X) | CER_SAVE(H) | CER_SAVE(C) | CER_SAVE(W) | CER_SAVE(B) | CER_SAVE_OUTPUT(WORK) };
const cer_Op cer_op_recurrent = {.name = "recurrent",
                                 .grad_name = "StackBackward0", /* as PyTorch's, whose last step this is */
                                 .shape = forward_shape,
                                 .kernel = forward_kernel,
                                 .vjp = recurrent_vjp,
                                 .saves = {ALL, ALL, ALL},
                                 .n_outputs = OUTPUTS,
                                 .indices = 1 << WORK,
                                 .attrs_bytes = sizeof(cer_RecurrentAttrs)};

Tensor *cer_recurrent_layer(cer_Cell cell, bool reverse, Tensor *x, Tensor *h, Tensor *c, Tensor *weight, Tensor *bias,
                            Tensor **c_n)
{
    torch_Scalar in[OPERANDS] = {torch_scalar_tensor(x), torch_scalar_tensor(h), torch_scalar_none(),
                                 torch_scalar_tensor(weight), torch_scalar_none()};
    if (c) in[C] = torch_scalar_tensor(c);
    if (bias) in[B] = torch_scalar_tensor(bias);
    Tensor *out[OUTPUTS];
    *c_n = NULL;
    if (!cer_call_many(&cer_op_recurrent, in, OPERANDS, &(cer_RecurrentAttrs){(uint8_t)cell, reverse}, out))
        return NULL;
    if (cell == CER_LSTM) *c_n = out[C_N];
    return out[OUT];
}
