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

bool cer_optim_check(const char *op, bool fine, const char *what, double value)
{
    if (fine) return true;
    const char *text = torch_repr(value);
    return cer_raise(TORCH_VALUE_ERROR, op, "Invalid %s: %s", what, text ? text : "");
}

bool cer_optim_check_adam(const char *op, double lr, const double *betas, double eps, double weight_decay)
{
    return cer_optim_check(op, lr >= 0, "learning rate", lr) && cer_optim_check(op, eps >= 0, "epsilon value", eps) &&
           cer_optim_check(op, betas[0] >= 0 && betas[0] < 1, "beta parameter at index 0", betas[0]) &&
           cer_optim_check(op, betas[1] >= 0 && betas[1] < 1, "beta parameter at index 1", betas[1]) &&
           cer_optim_check(op, weight_decay >= 0, "weight_decay value", weight_decay);
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

/* ---- options ----------------------------------------------------------------------------------------------------- */

static const char *const extras[CER_EXTRAS] = {"base_momentum", "initial_lr", "max_lr",
                                               "max_momentum",  "min_lr",     "swa_lr"};

const char *cer_optim_option_name(const optim_Optimizer *o, int i)
{
    return i < CER_OPTIONS ? o->class_record->option[i] : extras[i - CER_OPTIONS];
}

int cer_optim_option(const optim_Optimizer *o, const char *name)
{
    for (int i = 0; i < CER_OPTIONS + CER_EXTRAS; i++)
        if ((i < o->class_record->n_options || i >= CER_OPTIONS) && strcmp(cer_optim_option_name(o, i), name) == 0)
            return i;
    return -1;
}

int cer_optim_next_option(const optim_Optimizer *o, int64_t i, int after)
{
    const char *past = after < 0 ? "" : cer_optim_option_name(o, after);
    int next = -1;
    for (int k = 0; k < CER_OPTIONS + CER_EXTRAS; k++) {
        if (k < CER_OPTIONS ? k >= o->class_record->n_options : o->group[i].option[k].kind == TORCH_KIND_NONE) continue;
        const char *name = cer_optim_option_name(o, k);
        if (strcmp(name, past) > 0 && (next < 0 || strcmp(name, cer_optim_option_name(o, next)) < 0)) next = k;
    }
    return next;
}

static int option_index(const optim_Optimizer *o, const cer_OptimGroup *g, const char *name)
{
    int i = name ? cer_optim_option(o, name) : -1;
    if (i >= 0 && (i < CER_OPTIONS || g->option[i].kind != TORCH_KIND_NONE)) return i;
    torch_error_raise(TORCH_KEY_ERROR, "param_groups", "'%s'", name ? name : "None");
    return -1;
}

static bool set_option(const optim_Optimizer *o, cer_OptimGroup *g, const char *name, double value)
{
    static const char *const printed[] = {"capturable", "differentiable", "foreach", "fused", "line_search_fn"};
    int i = option_index(o, g, name);
    if (i < 0) return false;
    for (size_t k = 0; k < sizeof printed / sizeof *printed; k++)
        if (strcmp(name, printed[k]) == 0)
            return cer_raise(TORCH_NOT_IMPLEMENTED_ERROR, "param_groups", "the option %s is here for printing only",
                             name);
    g->option[i] = g->option[i].kind == TORCH_KIND_BOOL ? torch_scalar_bool(value != 0) : torch_scalar_double(value);
    return true;
}

static bool set_options(const optim_Optimizer *o, cer_OptimGroup *g, const optim_Option *options)
{
    for (int i = 0; i < CER_OPTIONS + CER_EXTRAS; i++)
        g->option[i] = i < CER_OPTIONS ? o->preset[i] : torch_scalar_none();
    for (; options && options->name; options++)
        if (!set_option(o, g, options->name, options->value)) return false;
    for (int i = 0; i < o->class_record->n_options; i++)
        if (g->option[i].kind == TORCH_KIND_NONE && strcmp(o->class_record->option[i], "lr") == 0)
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
        g->param = NULL;
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

/* States that are there before the first step. */
static bool start_states(const cer_OptimClass *record, cer_OptimGroup *g)
{
    for (int64_t i = 0; i < g->n && record->at_once; i++) {
        if (!cer_optim_need_states(record, g, &g->param[i], UINT32_MAX)) return false;
        g->param[i].started = true;
    }
    return true;
}

int64_t optim_add_param_group_n(optim_Optimizer *o, torch_ParameterList params, const optim_Option *options)
{
    if (!ready(o, "add_param_group") || !check_params(params)) return -1;
    cer_OptimGroup g = {.n = 0};
    if (!set_options(o, &g, options) || !check_disjoint(o, params)) return -1;
    size_t old = (size_t)o->n_groups * sizeof g;
    cer_OptimGroup *grown = cer_alloc(old + sizeof g);
    if (!grown) return cer_raise_memory("add_param_group", (double)(old + sizeof g)), -1;
    int64_t scope = torch_scope_push();
    bool fine = fill_group(&g, params) && start_states(o->class_record, &g);
    torch_scope_pop(scope);
    if (!fine) {
        cer_free(grown, old + sizeof g);
        group_free(&g);
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

static Tensor *contiguous(Tensor *t)
{
    cer_CloneAttrs plain = {.contiguous = true};
    return t->contiguous ? t : cer_call1(&cer_op_clone, t, &plain);
}

static bool prepare(const cer_OptimClass *record, cer_OptimGroup *g)
{
    uint32_t wanted = cer_optim_wanted(record, g);
    for (int64_t i = 0; i < g->n; i++) {
        cer_OptimParam *p = &g->param[i], *holder = &g->param[p->same_as];
        Tensor *grad = p->t->grad;
        p->data = p->grad = NULL;
        if (!grad) continue;
        if (record->refusal) return cer_raise(TORCH_RUNTIME_ERROR, "step", "%s", record->refusal);
        if (grad->dtype != p->t->dtype || grad->numel != p->t->numel || !torch_dtype_is_floating_point(grad->dtype))
            return cer_raise(TORCH_RUNTIME_ERROR, "step", "the gradient of parameter %lld does not fit it",
                             (long long)i);
        if (!cer_optim_need_states(record, g, holder, wanted)) return false;
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
    _Alignas(64) char scratch[CER_SCRATCH][CER_CHUNK * sizeof(double)];
    int64_t numel = p->t->numel, size = (int64_t)torch_dtype_size(p->t->dtype);
    cer_Chunk c = {.dtype = p->t->dtype, .fresh = p->fresh};
    for (int k = 0; k < CER_SCRATCH; k++) c.scratch[k] = scratch[k];
    if (record->advance) record->advance(g, holder->state, c.number);
    for (int64_t at = 0; at < numel; at += CER_CHUNK) {
        c.n = numel - at < CER_CHUNK ? numel - at : CER_CHUNK;
        c.p = p->data->data + at * size;
        c.g = p->grad->data + at * size;
        for (int k = 0; k < record->n_states; k++)
            if (holder->state[k] && record->state[k].form == CER_STATE_LIKE)
                c.state[k] = holder->state[k]->data + at * size;
        record->update(g, &c);
    }
    if (p->data != p->t) cer_copy_elements(p->t, p->data, p->data->stride);
    atomic_store_explicit(&p->t->storage->version, cer_version(p->t) + 1, memory_order_relaxed);
}

/* A parameter that occurs twice is updated twice, from what the first update left. */
static void update_group(const cer_OptimClass *record, cer_OptimGroup *g)
{
    uint32_t wanted = cer_optim_wanted(record, g);
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
    if (record->step)
        return torch_error_raise(TORCH_TYPE_ERROR, "step",
                                 "%s.step() missing 1 required positional argument: 'closure'", record->name);
    int64_t scope = torch_scope_push();
    bool before = torch_set_grad_enabled(false), fine = !cer_error_pending();
    for (int64_t i = 0; i < o->n_groups && fine; i++) fine = prepare(record, &o->group[i]);
    for (int64_t i = 0; i < o->n_groups && fine; i++) update_group(record, &o->group[i]);
    o->step_count += fine;
    torch_set_grad_enabled(before);
    torch_scope_pop(scope);
    return torch_error_code();
}

Tensor *optim_step_closure(optim_Optimizer *o, optim_Closure *closure, void *data)
{
    if (!ready(o, "step")) return NULL;
    if (!closure) return cer_raise(TORCH_TYPE_ERROR, "step", "step(): the closure is NULL"), NULL;
    if (o->class_record->step) {
        Tensor *loss = o->class_record->step(o, closure, data);
        o->step_count += loss != NULL;
        return loss;
    }
    bool before = torch_set_grad_enabled(true);
    Tensor *loss = closure(data);
    torch_set_grad_enabled(before);
    return optim_step(o) == TORCH_OK ? loss : NULL;
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
    int k = g ? option_index(o, g, option) : -1;
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
            if (name && strcmp(o->class_record->state[k].name, name) == 0) {
                const cer_OptimParam *p = &o->group[i].param[at];
                return p->started ? p->state[k] : NULL;
            }
    }
    return NULL;
}

static void add_value(cer_Text *t, torch_Scalar value, const char *true_text)
{
    const char *number = value.kind == TORCH_KIND_DOUBLE ? torch_repr(value.as.d) : NULL;
    if (value.kind == TORCH_KIND_DOUBLE)
        cer_text_add(t, "%s", number ? number : "");
    else if (value.kind == TORCH_KIND_INT)
        cer_text_add(t, "%lld", (long long)value.as.i);
    else
        cer_text_add(t, "%s", value.kind == TORCH_KIND_NONE ? "None" : value.as.i ? true_text : "False");
}

/* "    lr: 0.1\n"; "    betas: (0.9, 0.999)\n" is two options. */
static void add_option(cer_Text *t, const optim_Optimizer *o, int64_t i, int k)
{
    const char *name = cer_optim_option_name(o, k), *true_text = o->class_record->true_text;
    size_t length = strcspn(name, "[");
    bool second = strcmp(name + length, "[1]") == 0;
    if (second)
        cer_text_add(t, ", ");
    else
        cer_text_add(t, "    %.*s: %s", (int)length, name, name[length] ? "(" : "");
    add_value(t, o->group[i].option[k], true_text ? true_text : "True");
    cer_text_add(t, second ? ")\n" : name[length] ? "" : "\n");
}

const char *optim_str(const optim_Optimizer *o)
{
    if (!ready(o, "str")) return NULL;
    cer_Text t = {0};
    cer_text_add(&t, "%s (", o->class_record->name);
    for (int64_t i = 0; i < o->n_groups; i++) {
        cer_text_add(&t, "\nParameter Group %lld\n", (long long)i);
        for (int k = -1; (k = cer_optim_next_option(o, i, k)) >= 0;) add_option(&t, o, i, k);
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
