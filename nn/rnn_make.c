/* Making recurrent layers: PyTorch's checks, names and draws. */
#include <math.h>
#include <stdio.h>

#include "recurrence.h"

nn_RNNArgs nn_RNNArgs_defaults(void)
{
    return (nn_RNNArgs){.struct_size = sizeof(nn_RNNArgs),
                        .input_size = TORCH_NONE,
                        .hidden_size = TORCH_NONE,
                        .num_layers = 1,
                        .bias = true,
                        .nonlinearity = "tanh"};
}

nn_LSTMArgs nn_LSTMArgs_defaults(void)
{
    return (nn_LSTMArgs){.struct_size = sizeof(nn_LSTMArgs),
                         .input_size = TORCH_NONE,
                         .hidden_size = TORCH_NONE,
                         .num_layers = 1,
                         .bias = true};
}

static void rnn_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_RNN *m = (const nn_RNN *)self;
    cer_Repr r = {text, bytes};
    cer_repr_int(r, NULL, m->input_size);
    cer_repr_int(r, NULL, m->hidden_size);
    if (m->proj_size != 0) cer_repr_int(r, "proj_size", m->proj_size);
    if (m->num_layers != 1) cer_repr_int(r, "num_layers", m->num_layers);
    if (!m->bias) cer_repr_bool(r, "bias", false);
    if (m->batch_first) cer_repr_bool(r, "batch_first", true);
    if (m->dropout != 0) cer_repr_number(r, "dropout", m->dropout);
    if (m->bidirectional) cer_repr_bool(r, "bidirectional", true);
}

static const nn_Class rnn_class = NN_CLASS(nn_RNN, .forward = cer_rnn_forward, .extra_repr = rnn_repr);
static const nn_Class lstm_class = NN_CLASS(nn_LSTM, .forward = cer_rnn_forward, .extra_repr = rnn_repr);
static const nn_Class gru_class = NN_CLASS(nn_GRU, .forward = cer_rnn_forward, .extra_repr = rnn_repr);

static bool check_args(const nn_LSTMArgs *a)
{
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
    if (a->proj_size < 0)
        return cer_raise(TORCH_VALUE_ERROR, "RNN",
                         "proj_size should be a positive integer or zero to disable projections");
    if (a->hidden_size <= a->proj_size)
        return cer_raise(TORCH_VALUE_ERROR, "RNN", "proj_size has to be smaller than hidden_size");
    return a->num_layers > 0 || cer_raise(TORCH_INDEX_ERROR, "RNN", "list index out of range");
}

/* weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, weight_hr_l0; ..._reverse; ..._l1 */
static bool add_layer(nn_RNN *m, int64_t i, bool reverse, torch_dtype dtype)
{
    static const char *const kind[5] = {"weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"};
    Tensor **field[5] = {&m->weight_ih_l0, &m->weight_hh_l0, &m->bias_ih_l0, &m->bias_hh_l0, &m->weight_hr_l0};
    int64_t input = i == 0 ? m->input_size : cer_real_hidden(m) * (1 + m->bidirectional), rows;
    if (__builtin_mul_overflow(cer_gates_of(cer_cell_of(m)), m->hidden_size, &rows)) rows = INT64_MAX;
    for (int k = 0; k < 5; k++) {
        char name[64];
        int64_t shape[2] = {rows, k == 0 ? input : cer_real_hidden(m)};
        if ((k == 2 || k == 3) && !m->bias) continue;
        if (k == 4 && m->proj_size == 0) continue;
        if (k == 4) shape[0] = m->proj_size, shape[1] = m->hidden_size;
        snprintf(name, sizeof name, "%s_l%lld%s", kind[k], (long long)i, reverse ? "_reverse" : "");
        Tensor *t = cer_nn_new_parameter(&m->module, name, dtype, k == 2 || k == 3 ? 1 : 2, shape);
        if (!t) return false;
        if (i == 0 && !reverse) *field[k] = t;
    }
    return true;
}

void cer_reset_recurrent(const nn_Module *m, double bound)
{
    const cer_Items *p = &m->module->parameters;
    for (int64_t i = 0; i < p->length; i++)
        if (p->item[i].as.tensor) nn_init_uniform_(p->item[i].as.tensor, -bound, bound);
}

static nn_RNN *made(const nn_Class *record, const char *mode, const nn_LSTMArgs *a)
{
    if (cer_error_pending() || !check_args(a)) return NULL;
    nn_RNN *m = (nn_RNN *)nn_Module_new(record, sizeof *m);
    if (!m) return NULL;
    m->mode = mode;
    m->input_size = a->input_size;
    m->hidden_size = a->hidden_size;
    m->num_layers = a->num_layers;
    m->proj_size = a->proj_size;
    m->bias = a->bias;
    m->batch_first = a->batch_first;
    m->bidirectional = a->bidirectional;
    m->dropout = a->dropout;
    bool fine = true;
    for (int64_t i = 0; i < m->num_layers && fine; i++)
        fine = add_layer(m, i, false, a->dtype) && (!m->bidirectional || add_layer(m, i, true, a->dtype));
    if (fine) cer_reset_recurrent(&m->module, 1.0 / sqrt((double)m->hidden_size));
    return cer_nn_made(m);
}

nn_LSTM *nn_LSTM_new(const nn_LSTMArgs *args)
{
    nn_LSTMArgs a = nn_LSTMArgs_defaults();
    cer_args(&a, sizeof a, args);
    return made(&lstm_class, cer_rnn_modes[CER_LSTM], &a);
}

/* The options that they have in common. */
static nn_LSTMArgs common(const nn_RNNArgs *a)
{
    return (nn_LSTMArgs){.struct_size = sizeof(nn_LSTMArgs),
                         .input_size = a->input_size,
                         .hidden_size = a->hidden_size,
                         .num_layers = a->num_layers,
                         .bias = a->bias,
                         .batch_first = a->batch_first,
                         .dropout = a->dropout,
                         .bidirectional = a->bidirectional,
                         .dtype = a->dtype};
}

nn_GRU *nn_GRU_new(const nn_RNNArgs *args)
{
    nn_RNNArgs a = nn_RNNArgs_defaults();
    cer_args(&a, sizeof a, args);
    nn_LSTMArgs all = common(&a);
    return made(&gru_class, cer_rnn_modes[CER_GRU], &all);
}

nn_RNN *nn_RNN_new(const nn_RNNArgs *args)
{
    nn_RNNArgs a = nn_RNNArgs_defaults();
    cer_args(&a, sizeof a, args);
    const char *nonlinearity = a.nonlinearity ? a.nonlinearity : "None";
    bool relu = strcmp(nonlinearity, "relu") == 0;
    if (!cer_error_pending() && !relu && strcmp(nonlinearity, "tanh") != 0)
        cer_raise(TORCH_VALUE_ERROR, "RNN", "Unknown nonlinearity '%s'", nonlinearity);
    nn_LSTMArgs all = common(&a);
    nn_RNN *m = made(&rnn_class, cer_rnn_modes[relu], &all);
    if (m) m->relu = relu;
    return m;
}
