/* Modes of the context: grad mode, inference mode, anomaly mode. Flags only; call.c and engine.c look at them. */
#include <stdio.h>
#include <string.h>

#include "impl.h"

/* ---- grad and inference ------------------------------------------------------------------------------------------ */

bool torch_is_grad_enabled(void)
{
    return !cer_context()->no_grad;
}

bool torch_set_grad_enabled(bool enabled)
{
    torch_Context *c = cer_context();
    bool before = !c->no_grad;
    cer_set_grad(c, enabled);
    return before;
}

void torch_grad_mode_leave(const bool *before)
{
    cer_set_grad(cer_context(), *before);
}

bool torch_is_inference_mode_enabled(void)
{
    return cer_context()->inference;
}

bool torch_is_inference(const Tensor *x)
{
    return !cer_error_pending() && cer_usable(x, "is_inference", 1) && x->flags & CER_INFERENCE;
}

static void set_inference(torch_Context *c, bool mode)
{
    c->inference = mode;
    c->watch = (uint8_t)(mode ? c->watch | CER_WATCH_INFERENCE : c->watch & ~CER_WATCH_INFERENCE);
}

torch_GradModes torch_inference_mode_enter(bool mode)
{
    torch_Context *c = cer_context();
    torch_GradModes before = {!c->no_grad, c->inference};
    set_inference(c, mode);
    cer_set_grad(c, !mode);
    return before;
}

void torch_inference_mode_leave(const torch_GradModes *before)
{
    torch_Context *c = cer_context();
    set_inference(c, before->inference);
    cer_set_grad(c, before->grad);
}

/* ---- anomaly mode ------------------------------------------------------------------------------------------------ */

bool torch_is_anomaly_enabled(void)
{
    return cer_context()->watch & CER_WATCH_ANOMALY;
}

bool torch_set_detect_anomaly(bool mode)
{
    torch_Context *c = cer_context();
    bool before = c->watch & CER_WATCH_ANOMALY;
    c->watch = (uint8_t)(mode ? c->watch | CER_WATCH_ANOMALY : c->watch & ~CER_WATCH_ANOMALY);
    return before;
}

bool torch_set_anomaly_check_nan(bool check)
{
    torch_Context *c = cer_context();
    bool before = !c->anomaly_unchecked;
    c->anomaly_unchecked = !check;
    return before;
}

bool torch_detect_anomaly_enter(void)
{
    torch_warn("UserWarning", "Anomaly Detection has been enabled. This mode will increase the runtime and should only "
                              "be enabled for debugging.");
    return torch_set_detect_anomaly(true);
}

void torch_detect_anomaly_leave(const bool *before)
{
    torch_set_detect_anomaly(*before);
}

static bool has_nan(const Tensor *t)
{
    double value[64];
    if (!t || !torch_dtype_is_floating_point(t->dtype)) return false;
    for (int64_t i = 0; i < t->numel; i += 64) {
        int64_t n = t->numel - i < 64 ? t->numel - i : 64;
        cer_convert(value, torch_float64, t->data + i * cer_size_of(t->dtype), t->dtype, n);
        for (int64_t j = 0; j < n; j++)
            if (value[j] != value[j]) return true;
    }
    return false;
}

/* What the call was, as far as C knows it: its name and what it took. */
static void describe_call(const cer_Node *n, char *text, size_t bytes)
{
    size_t used = (size_t)snprintf(text, bytes, "%s(", n->op->name);
    for (uint32_t i = 0; i < n->n_inputs && used < bytes; i++) {
        const cer_Edge *e = &n->edges[i];
        const cer_Output *o = e->node ? &e->node->outputs[e->output] : NULL;
        char shape[128] = "...";
        if (o) cer_shape_text(o->ndim, o->shape, shape, sizeof shape);
        used += (size_t)snprintf(text + used, bytes - used, "%s%s%s%s%s%s%s", i ? ", " : "", o ? "torch." : "",
                                 o ? cer_type_name(o->dtype) : "", o ? "Tensor " : "", shape, o ? " of " : "",
                                 o ? cer_grad_name(e->node) : "");
    }
    if (used < bytes) snprintf(text + used, bytes - used, ")");
}

/* After the vjp of n. fine: it raised nothing. Warns of the call if it did, or if there is nan in what it made. */
bool cer_anomaly_check(const torch_Context *c, const cer_Node *n, Tensor *const *in, bool fine)
{
    for (uint32_t i = 0; fine && i < n->n_inputs && !c->anomaly_unchecked; i++) {
        cer_CloneAttrs plain = {.contiguous = true};
        bool before = torch_set_grad_enabled(false);
        const Tensor *g = in[i] && !in[i]->contiguous ? cer_call1(&cer_op_clone, in[i], &plain) : in[i];
        torch_set_grad_enabled(before);
        fine = !c->code && (!n->edges[i].node || !has_nan(g));
        if (!fine)
            cer_raise(TORCH_RUNTIME_ERROR, cer_grad_name(n), "Function '%s' returned nan values in its %uth output.",
                      cer_grad_name(n), i);
    }
    if (fine) return true;
    char call[512];
    describe_call(n, call, sizeof call);
    if (n->traced)
        torch_warn("UserWarning", "Error detected in %s. Forward call that caused the error: %s", cer_grad_name(n),
                   call);
    else
        torch_warn("UserWarning",
                   "Error detected in %s. No forward pass information available. Enable detect anomaly during forward "
                   "pass for more information.",
                   cer_grad_name(n));
    return false;
}
