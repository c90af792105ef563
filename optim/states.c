/* States of a parameter: how they begin, and the numbers among them. */
#include "optimizer.h"

static Tensor *make(cer_StateForm form, const Tensor *p)
{
    if (form == CER_STATE_LIKE) return cer_empty(p->dtype, p->ndim, p->shape);
    return cer_empty(form == CER_STATE_INT ? torch_int64 : torch_float32, 0, NULL);
}

bool cer_optim_need_states(const cer_OptimClass *record, const cer_OptimGroup *g, cer_OptimParam *p, uint32_t wanted)
{
    double initial[CER_STATES] = {0};
    if (record->start) record->start(g, initial);
    for (int k = 0; k < record->n_states; k++) {
        if (!(wanted >> k & 1) || p->state[k] || record->state[k].form == CER_STATE_OWN) continue;
        Tensor *s = make(record->state[k].form, p->t);
        if (!s) return false;
        cer_fill_elements(s, torch_scalar_double(initial[k]));
        cer_retain(s);
        p->state[k] = s;
    }
    return true;
}

double cer_state_get(const Tensor *t)
{
    double value;
    cer_convert(&value, torch_float64, t->data, (torch_dtype)t->dtype, 1);
    return value;
}

void cer_state_set(Tensor *t, double value)
{
    cer_convert(t->data, (torch_dtype)t->dtype, &value, torch_float64, 1);
}

double cer_state_count(Tensor *t)
{
    cer_state_set(t, cer_state_get(t) + 1);
    return cer_state_get(t);
}

double cer_optim_rounded(double number, torch_dtype dtype)
{
    return dtype == torch_float64 ? number : (double)(float)number;
}
