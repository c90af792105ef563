/* What all optimizers share: groups, options, the step over all parameters, printing. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "optimizer.h"

static bool ready(const optim_Optimizer *o, const char *op)
{
    if (cer_error_pending()) return false;
    return o || cer_raise(TORCH_TYPE_ERROR, op, "%s(): the optimizer is NULL", op);
}

torch_Scalar cer_optim_number(double value)
{
    return value == 0 ? torch_scalar_int(0) : torch_scalar_double(value);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static void group_free(cer_OptimGroup *g)
{
    for (int64_t i = 0; i < g->n; i++) {
        cer_release(g->param[i].t);
        for (int k = 0; k < CER_STATES; k++) cer_release(g->param[i].state[k]);
    }
    cer_free(g->param, (size_t)g->n * sizeof *g->param);
    cer_free(g->tensor, (size_t)g->n * sizeof *g->tensor);
}

static int64_t index_in(const cer_OptimGroup *g, int64_t n, const Tensor *t)
{
    for (int64_t i = 0; i < n; i++)
        if (g->tensor[i] == t) return i;
    return -1;
}

static bool check_params(torch_ParameterList params)
{
    for (int64_t i = 0; i < params.length; i++) {
        const Tensor *t = params.tensor[i];
        if (!t)
            return cer_raise(TORCH_TYPE_ERROR, "add_param_group",
                             "optimizer can only optimize Tensors, but one of the params is NoneType");
        if (!cer_usable(t, "add_param_group", 1)) return false;
        if (t->node && !t->node->leaf && !(t->flags & CER_RETAINS_GRAD))
            return cer_raise(TORCH_VALUE_ERROR, "add_param_group", "can't optimize a non-leaf Tensor");
    }
    return true;
}

static bool check_disjoint(const optim_Optimizer *o, torch_ParameterList params)
{
    for (int64_t i = 0; i < params.length; i++)
        for (int64_t k = 0; k < o->n_groups; k++)
            if (index_in(&o->group[k], o->group[k].n, params.tensor[i]) >= 0)
                return cer_raise(TORCH_VALUE_ERROR, "add_param_group",
                                 "some parameters appear in more than one parameter group");
    return true;
}

static int option_index(const optim_Optimizer *o, const char *name)
{
    for (int i = 0; i < o->class_record->n_options; i++)
        if (name && strcmp(o->class_record->option[i], name) == 0) return i;
    torch_error_raise(TORCH_KEY_ERROR, "param_groups", "'%s'", name ? name : "None");
    return -1;
}

static bool set_option(const optim_Optimizer *o, cer_OptimGroup *g, const char *name, double value)
{
    int i = option_index(o, name);
    if (i < 0) return false;
    if (strcmp(name, "differentiable") == 0 || strcmp(name, "foreach") == 0)
        return cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, "param_groups", "the option %s is here for printing only", name);
    g->option[i] = g->option[i].kind == TORCH_KIND_BOOL ? torch_scalar_bool(value != 0) : torch_scalar_double(value);
    return true;
}

static bool set_options(const optim_Optimizer *o, cer_OptimGroup *g, const optim_Option *options)
{
    memcpy(g->option, o->preset, sizeof g->option);
    for (; options && options->name; options++)
        if (!set_option(o, g, options->name, options->value)) return false;
    for (int i = 0; i < o->class_record->n_options; i++)
        if (g->option[i].kind == TORCH_KIND_NONE && strcmp(o->class_record->option[i], "foreach") != 0)
            return cer_raise(TORCH_VALUE_ERROR, "add_param_group",
                             "parameter group didn't specify a value of required optimization parameter %s",
                             o->class_record->option[i]);
    return true;
}

static bool fill_group(cer_OptimGroup *g, torch_ParameterList params)
{
    size_t bytes = (size_t)params.length * sizeof *g->param;
    g->param = cer_alloc(bytes);
    g->tensor = g->param ? cer_alloc((size_t)params.length * sizeof *g->tensor) : NULL;
    if (!g->tensor) {
        cer_free(g->param, bytes);
        return cer_raise_memory("add_param_group", (double)bytes);
    }
    memset(g->param, 0, bytes);
    g->n = params.length;
    bool duplicates = false;
    for (int64_t i = 0; i < g->n; i++) {
        int64_t first = index_in(g, i, params.tensor[i]);
        duplicates |= first >= 0;
        g->param[i].t = g->tensor[i] = params.tensor[i];
        g->param[i].same_as = first >= 0 ? first : i;
        cer_retain(params.tensor[i]);
    }
    if (duplicates)
        torch_warn(
            "UserWarning",
            "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; see "
            "github.com/pytorch/pytorch/issues/40967 for more information");
    return true;
}

int64_t optim_add_param_group_n(optim_Optimizer *o, torch_ParameterList params, const optim_Option *options)
{
    if (!ready(o, "add_param_group") || !check_params(params)) return -1;
    cer_OptimGroup g = {.n = 0};
    if (!set_options(o, &g, options) || !check_disjoint(o, params)) return -1;
    size_t old = (size_t)o->n_groups * sizeof g;
    cer_OptimGroup *grown = cer_alloc(old + sizeof g);
    if (!grown || !fill_group(&g, params)) {
        cer_free(grown, old + sizeof g);
        if (!cer_error_pending()) cer_raise_memory("add_param_group", (double)(old + sizeof g));
        return -1;
    }
    if (old) memcpy(grown, o->group, old);
    cer_free(o->group, old);
    o->group = grown;
    o->group[o->n_groups] = g;
    return o->n_groups++;
}

/* ---- making and ending ------------------------------------------------------------------------------------------- */

optim_Optimizer *cer_optimizer_new(const cer_OptimClass *record, const torch_Scalar *preset, torch_ParameterList params)
{
    if (cer_error_pending()) return NULL;
    if (params.length <= 0 || !params.tensor)
        return cer_raise(TORCH_VALUE_ERROR, record->name, "optimizer got an empty parameter list"), NULL;
    optim_Optimizer *o = cer_alloc(sizeof *o);
    if (!o) return cer_raise_memory(record->name, sizeof *o), NULL;
    memset(o, 0, sizeof *o);
    o->class_record = record;
    memcpy(o->preset, preset, (size_t)record->n_options * sizeof *preset);
    if (optim_add_param_group_n(o, params, NULL) >= 0) return o;
    optim_free(o);
    return NULL;
}

void optim_free(optim_Optimizer *o)
{
    if (!o) return;
    for (int64_t i = 0; i < o->n_groups; i++) group_free(&o->group[i]);
    cer_free(o->group, (size_t)o->n_groups * sizeof *o->group);
    cer_free(o, sizeof *o);
}

/* ---- step: first all that can fail, then the updates ------------------------------------------------------------- */

static bool need_state(cer_OptimParam *p, uint32_t wanted)
{
    for (int k = 0; k < CER_STATES; k++) {
        if (!(wanted >> k & 1) || p->state[k]) continue;
        Tensor *s = cer_zeros(p->t->dtype, p->t->ndim, p->t->shape);
        if (!s) return false;
        cer_retain(s);
        p->state[k] = s;
    }
    return true;
}

static Tensor *contiguous(Tensor *t)
{
    cer_CloneAttrs plain = {.contiguous = true};
    return t->contiguous ? t : cer_call1(&cer_op_clone, t, &plain);
}

static bool prepare(cer_OptimGroup *g, uint32_t wanted)
{
    for (int64_t i = 0; i < g->n; i++) {
        cer_OptimParam *p = &g->param[i], *holder = &g->param[p->same_as];
        Tensor *grad = p->t->grad;
        p->data = p->grad = NULL;
        if (!grad) continue;
        if (grad->dtype != p->t->dtype || grad->numel != p->t->numel || !torch_dtype_is_floating_point(grad->dtype))
            return cer_raise(TORCH_RUNTIME_ERROR, "step", "the gradient of parameter %lld does not fit it",
                             (long long)i);
        if (wanted && !need_state(holder, wanted)) return false;
        p->fresh = !holder->started;
        p->data = contiguous(p->t);
        p->grad = contiguous(grad);
        if (!p->data || !p->grad) return false;
    }
    return true;
}

static void update_one(const cer_OptimClass *record, const cer_OptimGroup *g, cer_OptimParam *p)
{
    cer_OptimParam *holder = &g->param[p->same_as];
    _Alignas(64) char scratch[CER_CHUNK * sizeof(double)];
    int64_t numel = p->t->numel, size = (int64_t)torch_dtype_size(p->t->dtype);
    cer_Chunk c = {.dtype = p->t->dtype, .fresh = p->fresh, .scratch = scratch};
    for (int64_t at = 0; at < numel; at += CER_CHUNK) {
        c.n = numel - at < CER_CHUNK ? numel - at : CER_CHUNK;
        c.p = p->data->data + at * size;
        c.g = p->grad->data + at * size;
        for (int k = 0; k < record->n_states; k++)
            c.state[k] = holder->state[k] ? holder->state[k]->data + at * size : NULL;
        record->update(g, &c);
    }
    if (p->data != p->t) cer_copy_elements(p->t, p->data, p->data->stride);
    atomic_store_explicit(&p->t->storage->version, cer_version(p->t) + 1, memory_order_relaxed);
}

/* A parameter that occurs twice is updated twice, from what the first update left. */
static void update_group(const cer_OptimClass *record, cer_OptimGroup *g, uint32_t wanted)
{
    for (int64_t i = 0; i < g->n; i++) {
        cer_OptimParam *p = &g->param[i];
        if (!p->grad) continue;
        if (p->same_as != i) p->data = g->param[p->same_as].data;
        update_one(record, g, p);
        g->param[p->same_as].started |= wanted != 0;
    }
}

int optim_step(optim_Optimizer *o)
{
    if (!ready(o, "step")) return torch_error_code();
    const cer_OptimClass *record = o->class_record;
    int64_t scope = torch_scope_push();
    bool before = torch_set_grad_enabled(false), fine = !cer_error_pending();
    for (int64_t i = 0; i < o->n_groups && fine; i++) fine = prepare(&o->group[i], record->wants(&o->group[i]));
    for (int64_t i = 0; i < o->n_groups && fine; i++) update_group(record, &o->group[i], record->wants(&o->group[i]));
    torch_set_grad_enabled(before);
    torch_scope_pop(scope);
    return torch_error_code();
}

int optim_Optimizer_zero_grad(optim_Optimizer *o, bool set_to_none)
{
    if (!ready(o, "zero_grad")) return torch_error_code();
    for (int64_t i = 0; i < o->n_groups; i++)
        for (int64_t k = 0; k < o->group[i].n && !cer_error_pending(); k++)
            cer_zero_grad(o->group[i].tensor[k], set_to_none);
    return torch_error_code();
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

static cer_OptimGroup *group_at(const optim_Optimizer *o, int64_t i)
{
    if (!ready(o, "param_groups")) return NULL;
    int64_t at = i < 0 ? i + o->n_groups : i;
    if (at >= 0 && at < o->n_groups) return &o->group[at];
    torch_error_raise(TORCH_INDEX_ERROR, "param_groups", "list index out of range");
    return NULL;
}

int64_t optim_param_groups(const optim_Optimizer *o)
{
    return ready(o, "param_groups") ? o->n_groups : 0;
}

torch_ParameterList optim_param_group_params(const optim_Optimizer *o, int64_t i)
{
    const cer_OptimGroup *g = group_at(o, i);
    return torch_ParameterList_of(g ? g->n : 0, g ? g->tensor : NULL);
}

double optim_param_group_get(const optim_Optimizer *o, int64_t i, const char *option)
{
    const cer_OptimGroup *g = group_at(o, i);
    int k = g ? option_index(o, option) : -1;
    return k < 0 || g->option[k].kind == TORCH_KIND_NONE ? (double)NAN : cer_option(g, k);
}

int optim_param_group_set(optim_Optimizer *o, int64_t i, const char *option, double value)
{
    cer_OptimGroup *g = group_at(o, i);
    if (g) set_option(o, g, option, value);
    return torch_error_code();
}

Tensor *optim_state(const optim_Optimizer *o, const Tensor *parameter, const char *name)
{
    if (!ready(o, "state") || !cer_usable(parameter, "state", 2)) return NULL;
    for (int64_t i = 0; i < o->n_groups; i++) {
        int64_t at = index_in(&o->group[i], o->group[i].n, parameter);
        for (int k = 0; at >= 0 && k < o->class_record->n_states; k++)
            if (name && strcmp(o->class_record->state[k], name) == 0) {
                const cer_OptimParam *p = &o->group[i].param[at];
                return p->started ? p->state[k] : NULL;
            }
    }
    return NULL;
}

static void add_option(cer_Text *t, const char *name, torch_Scalar value)
{
    const char *number = value.kind == TORCH_KIND_DOUBLE ? torch_repr(value.as.d) : NULL;
    if (value.kind == TORCH_KIND_DOUBLE)
        cer_text_add(t, "    %s: %s\n", name, number ? number : "");
    else if (value.kind == TORCH_KIND_INT)
        cer_text_add(t, "    %s: %lld\n", name, (long long)value.as.i);
    else
        cer_text_add(t, "    %s: %s\n", name, value.kind == TORCH_KIND_NONE ? "None" : value.as.i ? "True" : "False");
}

const char *optim_str(const optim_Optimizer *o)
{
    if (!ready(o, "str")) return NULL;
    cer_Text t = {0};
    cer_text_add(&t, "%s (", o->class_record->name);
    for (int64_t i = 0; i < o->n_groups; i++) {
        cer_text_add(&t, "\nParameter Group %lld\n", (long long)i);
        for (int k = 0; k < o->class_record->n_options; k++)
            add_option(&t, o->class_record->option[k], o->group[i].option[k]);
    }
    cer_text_add(&t, ")");
    return cer_text_borrowed(&t);
}

void optim_print(const optim_Optimizer *o)
{
    int64_t scope = torch_scope_push();
    const char *text = optim_str(o);
    if (text) puts(text);
    torch_scope_pop(scope);
}
