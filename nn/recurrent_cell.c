/* nn.RNNCell, nn.LSTMCell, nn.GRUCell: a step of the recurrent layers. */
#include <math.h>
#include <stdio.h>

#include "recurrence.h"

/* ---- PyTorch's checks -------------------------------------------------------------------------------------------- */

static bool check_input(const nn_RNNCell *m, const Tensor *x)
{
    return x->shape[1] == m->input_size ||
           cer_raise(TORCH_RUNTIME_ERROR, "RNNCell", "input has inconsistent input_size: got %lld expected %lld",
                     (long long)x->shape[1], (long long)m->input_size);
}

static bool check_state(const nn_RNNCell *m, const Tensor *x, const Tensor *h)
{
    int64_t batch = h->ndim ? h->shape[0] : 0, dim;
    if (h->ndim == 0)
        return cer_raise(TORCH_INDEX_ERROR, "RNNCell", "Dimension specified as 0 but tensor has no dimensions");
    if (batch != x->shape[0])
        return cer_raise(TORCH_RUNTIME_ERROR, "RNNCell", "Input batch size %lld doesn't match hidden0 batch size %lld",
                         (long long)x->shape[0], (long long)batch);
    if (!cer_wrap_dim("RNNCell", 1, h->ndim, &dim)) return false;
    return h->shape[1] == m->hidden_size ||
           cer_raise(TORCH_RUNTIME_ERROR, "RNNCell", "hidden0 has inconsistent hidden_size: got %lld, expected %lld",
                     (long long)h->shape[1], (long long)m->hidden_size);
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

static bool cell_of(const nn_RNNCell *m, const char *name, cer_Cell *cell)
{
    *cell = strcmp(name, "LSTMCell") == 0 ? CER_LSTM : CER_GRU;
    if (strcmp(name, "RNNCell") != 0) return true;
    *cell = strcmp(m->nonlinearity, "relu") == 0 ? CER_RNN_RELU : CER_RNN_TANH;
    return *cell == CER_RNN_RELU || strcmp(m->nonlinearity, "tanh") == 0 ||
           cer_raise(TORCH_RUNTIME_ERROR, name, "Unknown nonlinearity: %s", m->nonlinearity);
}

/* x (B, input); the states (B, hidden) or NULL. out: h, c */
static void step(const nn_RNNCell *m, const char *name, Tensor *x, Tensor *h, Tensor *c, Tensor **out)
{
    cer_Recurrence l = {
        .weight_ih = m->weight_ih, .weight_hh = m->weight_hh, .bias_ih = m->bias_ih, .bias_hh = m->bias_hh};
    int64_t shape[2] = {x->shape[0], m->hidden_size};
    if (!h) h = cer_zeros((torch_dtype)x->dtype, 2, shape);
    if (!h || !cell_of(m, name, &l.cell)) return;
    if (l.cell == CER_LSTM && !c) c = h;
    if (!check_input(m, x) || !check_state(m, x, h) || (c && !check_state(m, x, c))) return;
    l.h = h;
    l.c = c;
    Tensor *product = cer_recurrent_product(&l, x);
    if (product) cer_recurrent_step(&l, product);
    out[0] = product ? l.h : NULL;
    out[1] = product ? l.c : NULL;
}

static int cell_forward(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    const nn_RNNCell *m = (const nn_RNNCell *)self;
    const char *name = nn_Module_name(self);
    bool lstm = strcmp(name, "LSTMCell") == 0;
    if (!cer_nn_arity(self, n_in, 1, lstm ? 3 : 2, "input hx")) return torch_error_code();
    Tensor *x = in[0], *h = n_in > 1 ? in[1] : NULL, *c = n_in > 2 ? in[2] : NULL, *result[2] = {NULL, NULL};
    if (!cer_usable(x, name, 1) || (h && !cer_usable(h, name, 2)) || (c && !cer_usable(c, name, 3)))
        return torch_error_code();
    if (lstm && !h != !c)
        return torch_error_raise(TORCH_TYPE_ERROR, name, "an LSTMCell takes h_0 and c_0 together, got %s alone",
                                 h ? "h_0" : "c_0");
    if (x->ndim != 1 && x->ndim != 2)
        return torch_error_raise(TORCH_VALUE_ERROR, name,
                                 "%s: Expected input to be 1-D or 2-D but received %d-D tensor", name, x->ndim);
    bool batched = x->ndim == 2;
    if (!batched) x = torch_unsqueeze(x, 0);
    if (!batched && h) h = torch_unsqueeze(h, 0);
    if (!batched && c) c = torch_unsqueeze(c, 0);
    if (!cer_error_pending()) step(m, name, x, h, c, result);
    for (int64_t k = 0; k < n_out && k < 2; k++)
        out[k] = !result[k] || batched ? result[k] : torch_squeeze_dim(result[k], 0);
    return torch_error_code();
}

Tensor *nn_LSTMCell_forward(nn_LSTMCell *m, Tensor *x, Tensor *h_0, Tensor *c_0, Tensor **c)
{
    Tensor *in[3] = {x, h_0, c_0}, *out[2];
    nn_Module_forward_n((nn_Module *)m, in, 3, out, 2);
    if (c) *c = out[1];
    return out[0];
}

/* ---- constructors ------------------------------------------------------------------------------------------------ */

nn_RNNCellArgs nn_RNNCellArgs_defaults(void)
{
    return (nn_RNNCellArgs){.struct_size = sizeof(nn_RNNCellArgs),
                            .input_size = TORCH_NONE,
                            .hidden_size = TORCH_NONE,
                            .bias = true,
                            .nonlinearity = "tanh"};
}

static void cell_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_RNNCell *m = (const nn_RNNCell *)self;
    cer_Repr r = {text, bytes};
    cer_repr_int(r, NULL, m->input_size);
    cer_repr_int(r, NULL, m->hidden_size);
    if (!m->bias) cer_repr_bool(r, "bias", false);
    if (*m->nonlinearity && strcmp(m->nonlinearity, "tanh") != 0) cer_repr_text(r, "nonlinearity", m->nonlinearity);
}

static nn_RNNCell *made(const nn_Class *record, const char *name, cer_Cell cell, const nn_RNNCellArgs *args)
{
    nn_RNNCellArgs a = nn_RNNCellArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!NN_REQUIRED(name, "input_size hidden_size", a.input_size, a.hidden_size)) return NULL;
    nn_RNNCell *m = (nn_RNNCell *)nn_Module_new(record, sizeof *m);
    if (!m) return NULL;
    int64_t rows, gates = cer_gates_of(cell);
    if (__builtin_mul_overflow(gates, a.hidden_size, &rows)) rows = INT64_MAX;
    m->input_size = a.input_size;
    m->hidden_size = a.hidden_size;
    m->bias = a.bias;
    if (cell == CER_RNN_TANH)
        snprintf(m->nonlinearity, sizeof m->nonlinearity, "%s", a.nonlinearity ? a.nonlinearity : "None");
    m->weight_ih = cer_nn_new_parameter(&m->module, "weight_ih", a.dtype, 2, (int64_t[]){rows, a.input_size});
    m->weight_hh = cer_nn_new_parameter(&m->module, "weight_hh", a.dtype, 2, (int64_t[]){rows, a.hidden_size});
    if (a.bias) {
        m->bias_ih = cer_nn_new_parameter(&m->module, "bias_ih", a.dtype, 1, &rows);
        m->bias_hh = cer_nn_new_parameter(&m->module, "bias_hh", a.dtype, 1, &rows);
    } else {
        nn_Module_register_parameter(&m->module, "bias_ih", NULL);
        nn_Module_register_parameter(&m->module, "bias_hh", NULL);
    }
    if (!cer_error_pending())
        cer_reset_recurrent(&m->module, m->hidden_size > 0 ? 1.0 / sqrt((double)m->hidden_size) : 0);
    return cer_nn_made(m);
}

#define CELL(Name, cell)                                                                                      \
    nn_##Name *nn_##Name##_new(const nn_RNNCellArgs *args)                                                    \
    {                                                                                                         \
        static const nn_Class record = NN_CLASS(nn_##Name, .forward = cell_forward, .extra_repr = cell_repr); \
        return made(&record, #Name, cell, args);                                                              \
    }
CELL(RNNCell, CER_RNN_TANH)
CELL(LSTMCell, CER_LSTM)
CELL(GRUCell, CER_GRU)
