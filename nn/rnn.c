/* nn.RNN. The order of operations is PyTorch's: the input's product for all steps at once, then step by step. */
#include <math.h>
#include <stdio.h>

#include "layer.h"

nn_RNNArgs nn_RNNArgs_defaults(void)
{
    return (nn_RNNArgs){.struct_size = sizeof(nn_RNNArgs),
                        .input_size = TORCH_NONE,
                        .hidden_size = TORCH_NONE,
                        .num_layers = 1,
                        .bias = true,
                        .nonlinearity = "tanh"};
}

/* ---- one layer in one direction ---------------------------------------------------------------------------------- */

typedef struct Layer {
    const cer_Item *weights; /* weight_ih, weight_hh, and perhaps bias_ih, bias_hh */
    bool bias, relu, reverse;
    Tensor *h;     /* (B, hidden), of the step before */
    Tensor **step; /* (B, hidden) of every step, in the input's order */
} Layer;

static Tensor *weight(const Layer *l, int k)
{
    return k < 2 || l->bias ? l->weights[k].as.tensor : NULL;
}

static Tensor *cell(const Layer *l, Tensor *x)
{
    Tensor *z = torch_add_(F_linear(l->h, weight(l, 1), weight(l, 3)), x);
    return l->relu ? torch_relu(z) : torch_tanh(z);
}

/* Steps begin..end, whose input products are in `part` (end - begin, B, hidden). A long part is halved, so that the gradients of its
 * steps meet in parts, and not each in a tensor of full length: T log T instead of T^2. */
enum { SHORT = 8 };
static bool run(Layer *l, Tensor *part, int64_t begin, int64_t end)
{
    int64_t n = end - begin, half = n / 2;
    if (n > SHORT) {
        Tensor *first = torch_narrow(part, 0, 0, half), *second = torch_narrow(part, 0, half, n - half);
        if (l->reverse) return run(l, second, begin + half, end) && run(l, first, begin, begin + half);
        return run(l, first, begin, begin + half) && run(l, second, begin + half, end);
    }
    for (int64_t i = 0; i < n; i++) {
        int64_t at = l->reverse ? n - 1 - i : i, scope = torch_scope_push();
        l->h = torch_escape(cell(l, torch_select(part, 0, at)));
        torch_scope_pop(scope);
        l->step[begin + at] = l->h;
        if (!l->h) return false;
    }
    return true;
}

/* (T, B, input) -> (T, B, hidden); l->h becomes the last step's. */
static Tensor *direction(Layer *l, Tensor *x)
{
    Tensor *products = F_linear(x, weight(l, 0), weight(l, 2));
    if (!products) return NULL;
    int64_t steps = products->shape[0];
    if (steps == 0)
        torch_error_raise(TORCH_RUNTIME_ERROR, "RNN", "Expected sequence length to be larger than 0 in RNN");
    return steps && run(l, products, 0, steps) ? torch_stack_n(l->step, steps, 0) : NULL;
}

/* ---- all layers -------------------------------------------------------------------------------------------------- */

typedef struct Run {
    nn_RNN *m;
    Tensor *h_0, *zeros; /* one of them is NULL: (D layers, B, hidden), (B, hidden) */
    Tensor **final;      /* D layers of them */
    Tensor **step;       /* room for one direction */
} Run;

static Tensor *layer(Run *r, Tensor *x, int64_t i, bool reverse)
{
    const nn_RNN *m = r->m;
    int64_t k = i * (1 + m->bidirectional) + reverse;
    Layer l = {.weights = &m->module.module->parameters.item[k * (m->bias ? 4 : 2)],
               .bias = m->bias,
               .relu = m->relu,
               .reverse = reverse,
               .h = r->zeros ? r->zeros : torch_select(r->h_0, 0, k),
               .step = r->step};
    Tensor *out = direction(&l, x);
    r->final[k] = l.h;
    return out;
}

static Tensor *layers(Run *r, Tensor *x)
{
    const nn_RNN *m = r->m;
    for (int64_t i = 0; i < m->num_layers && x; i++) {
        Tensor *out = layer(r, x, i, false);
        if (m->bidirectional) {
            Tensor *both[2] = {out, layer(r, x, i, true)};
            out = torch_cat_n(both, 2, -1);
        }
        x = i + 1 < m->num_layers && m->dropout != 0 ? F_dropout(out, m->dropout, m->module.module->training) : out;
    }
    return x;
}

/* x (T, B, input) or batch first; h_0 fits or is NULL. */
static void forward(nn_RNN *m, Tensor *x, Tensor *h_0, Tensor **out, Tensor **h_n)
{
    if (m->batch_first) x = torch_transpose(x, 0, 1);
    if (!x) return;
    int64_t n = m->num_layers * (1 + m->bidirectional), zeros[2] = {x->shape[1], m->hidden_size};
    size_t bytes = (size_t)(x->shape[0] + n) * sizeof(Tensor *);
    Tensor **room = cer_alloc(bytes);
    if (!room) {
        cer_raise_memory("RNN", (double)bytes);
        return;
    }
    Run r = {.m = m, .h_0 = h_0, .zeros = h_0 ? NULL : cer_zeros(x->dtype, 2, zeros), .final = room, .step = room + n};
    Tensor *result = h_0 || r.zeros ? layers(&r, x) : NULL;
    if (result) {
        *out = m->batch_first ? torch_transpose_(result, 0, 1) : result;
        if (h_n) *h_n = torch_stack_n(r.final, n, 0);
    }
    cer_free(room, bytes);
}

/* ---- PyTorch's checks -------------------------------------------------------------------------------------------- */

static bool check(const nn_RNN *m, const Tensor *x, const Tensor *h_0)
{
    if (x->ndim != 3) return cer_raise(TORCH_RUNTIME_ERROR, "RNN", "input must have 3 dimensions, got %d", x->ndim);
    if (x->shape[2] != m->input_size)
        return cer_raise(TORCH_RUNTIME_ERROR, "RNN",
                         "input.size(-1) must be equal to input_size. Expected %lld, got %lld",
                         (long long)m->input_size, (long long)x->shape[2]);
    int64_t expected[3] = {m->num_layers * (1 + m->bidirectional), x->shape[m->batch_first ? 0 : 1], m->hidden_size};
    if (!h_0 || (h_0->ndim == 3 && memcmp(h_0->shape, expected, sizeof expected) == 0)) return true;
    char got[256];
    return cer_raise(TORCH_RUNTIME_ERROR, "RNN", "Expected hidden size (%lld, %lld, %lld), got %s",
                     (long long)expected[0], (long long)expected[1], (long long)expected[2],
                     cer_shape_text(h_0->ndim, h_0->shape, got, sizeof got));
}

static bool check_rank(const Tensor *h_0, int rank)
{
    if (!h_0 || h_0->ndim == rank) return true;
    return cer_raise(TORCH_RUNTIME_ERROR, "RNN", "For %s %d-D input, hx should also be %d-D but got %d-D tensor",
                     rank == 3 ? "batched" : "unbatched", rank, rank, h_0->ndim);
}

static int rnn_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    nn_RNN *m = (nn_RNN *)self;
    if (!cer_nn_arity(self, n_in, 1, 2, "input hx")) return torch_error_code();
    Tensor *x = in[0], *h_0 = n_in > 1 ? in[1] : NULL, **h_n = n_out > 1 ? &out[1] : NULL;
    if (!cer_usable(x, "RNN", 1) || (h_0 && !cer_usable(h_0, "RNN", 2))) return torch_error_code();
    bool batched = x->ndim == 3;
    int64_t batch_dim = m->batch_first ? 0 : 1;
    if (!batched) x = torch_unsqueeze(x, batch_dim);
    if (!x || !check_rank(h_0, batched ? 3 : 2)) return torch_error_code();
    if (!batched && h_0) h_0 = torch_unsqueeze(h_0, 1);
    if (cer_error_pending() || !check(m, x, h_0)) return torch_error_code();
    forward(m, x, h_0, &out[0], h_n);
    if (!batched && out[0]) {
        out[0] = torch_squeeze_dim(out[0], batch_dim);
        if (h_n) *h_n = torch_squeeze_dim(*h_n, 1);
    }
    return torch_error_code();
}

Tensor *nn_RNN_forward(nn_RNN *m, Tensor *x, Tensor *h_0, Tensor **h_n)
{
    Tensor *in[2] = {x, h_0}, *out[2];
    nn_Module_forward_n((nn_Module *)m, in, 2, out, h_n ? 2 : 1);
    if (h_n) *h_n = out[1];
    return out[0];
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

static void rnn_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_RNN *m = (const nn_RNN *)self;
    char layers_text[48] = "", dropout[64] = "";
    if (m->num_layers != 1) snprintf(layers_text, sizeof layers_text, ", num_layers=%lld", (long long)m->num_layers);
    if (m->dropout != 0) {
        const char *value = torch_repr(m->dropout);
        snprintf(dropout, sizeof dropout, ", dropout=%s", value ? value : "");
    }
    snprintf(text, bytes, "%lld, %lld%s%s%s%s%s", (long long)m->input_size, (long long)m->hidden_size, layers_text,
             m->bias ? "" : ", bias=False", m->batch_first ? ", batch_first=True" : "", dropout,
             m->bidirectional ? ", bidirectional=True" : "");
}

static const nn_Class rnn_class = NN_CLASS(nn_RNN, .forward = rnn_forward, .extra_repr = rnn_repr);

static bool check_args(const nn_RNNArgs *a)
{
    const char *nonlinearity = a->nonlinearity ? a->nonlinearity : "None";
    if (strcmp(nonlinearity, "tanh") != 0 && strcmp(nonlinearity, "relu") != 0)
        return cer_raise(TORCH_VALUE_ERROR, "RNN", "Unknown nonlinearity '%s'", nonlinearity);
    if (!NN_REQUIRED("RNNBase", "input_size hidden_size", a->input_size, a->hidden_size)) return false;
    if (!(a->dropout >= 0 && a->dropout <= 1))
        return cer_raise(TORCH_VALUE_ERROR, "RNN",
                         "dropout should be a number in range [0, 1] representing the probability of an element "
                         "being zeroed");
    if (a->dropout > 0 && a->num_layers == 1) {
        const char *value = torch_repr(a->dropout);
        torch_warn(
            "UserWarning",
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
            "greater than 1, but got dropout=%s and num_layers=1",
            value ? value : "");
    }
    if (a->hidden_size <= 0) return cer_raise(TORCH_VALUE_ERROR, "RNN", "proj_size has to be smaller than hidden_size");
    return a->num_layers > 0 || cer_raise(TORCH_INDEX_ERROR, "RNN", "list index out of range");
}

/* weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0; ..._reverse; ..._l1 */
static bool add_layer(nn_RNN *m, int64_t i, bool reverse, torch_dtype dtype)
{
    static const char *const kind[4] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"};
    int64_t input = i == 0 ? m->input_size : m->hidden_size * (1 + m->bidirectional);
    Tensor **field[4] = {&m->weight_ih_l0, &m->weight_hh_l0, &m->bias_ih_l0, &m->bias_hh_l0};
    for (int k = 0; k < (m->bias ? 4 : 2); k++) {
        char name[64];
        int64_t shape[2] = {m->hidden_size, k == 0 ? input : m->hidden_size};
        snprintf(name, sizeof name, "%s_l%lld%s", kind[k], (long long)i, reverse ? "_reverse" : "");
        Tensor *t = cer_nn_new_parameter(&m->module, name, dtype, k < 2 ? 2 : 1, shape);
        if (!t) return false;
        if (i == 0 && !reverse) *field[k] = t;
    }
    return true;
}

static void reset_parameters(nn_RNN *m)
{
    double bound = 1.0 / sqrt((double)m->hidden_size);
    const cer_Items *p = &m->module.module->parameters;
    for (int64_t i = 0; i < p->length; i++) cer_nn_uniform_(p->item[i].as.tensor, -bound, bound);
}

nn_RNN *nn_RNN_new(const nn_RNNArgs *args)
{
    nn_RNNArgs a = nn_RNNArgs_defaults();
    cer_nn_args(&a, sizeof a, args);
    if (cer_error_pending() || !check_args(&a)) return NULL;
    nn_RNN *m = nn_new_class(nn_RNN, &rnn_class);
    if (!m) return NULL;
    m->input_size = a.input_size;
    m->hidden_size = a.hidden_size;
    m->num_layers = a.num_layers;
    m->bias = a.bias;
    m->batch_first = a.batch_first;
    m->bidirectional = a.bidirectional;
    m->relu = strcmp(a.nonlinearity, "relu") == 0;
    m->dropout = a.dropout;
    bool fine = true;
    for (int64_t i = 0; i < m->num_layers && fine; i++)
        fine = add_layer(m, i, false, a.dtype) && (!m->bidirectional || add_layer(m, i, true, a.dtype));
    if (fine) reset_parameters(m);
    if (!cer_error_pending()) return m;
    nn_free(m);
    return NULL;
}
