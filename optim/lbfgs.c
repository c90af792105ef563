/* optim.LBFGS: a step of its own, which asks the closure for losses and gradients. */
#include "lbfgs.h"

#include "ops/ops.h"

enum { HISTORY_SIZE, LINE_SEARCH_FN, LR, MAX_EVAL, MAX_ITER, TOLERANCE_CHANGE, TOLERANCE_GRAD, OPTIONS };
static const char *const option_names[OPTIONS] = {"history_size",     "line_search_fn", "lr", "max_eval", "max_iter",
                                                  "tolerance_change", "tolerance_grad"};

/* The state of all parameters is that of the first: histories are (steps, elements), the oldest first. */
enum { FUNC_EVALS, N_ITER, D, T, OLD_DIRS, OLD_STPS, RO, H_DIAG, PREV_FLAT_GRAD, PREV_LOSS, STATES };
static const cer_OptimState states[STATES] = {
    {"func_evals", CER_STATE_INT},     {"n_iter", CER_STATE_INT},   {"d", CER_STATE_OWN},  {"t", CER_STATE_OWN},
    {"old_dirs", CER_STATE_OWN},       {"old_stps", CER_STATE_OWN}, {"ro", CER_STATE_OWN}, {"H_diag", CER_STATE_OWN},
    {"prev_flat_grad", CER_STATE_OWN}, {"prev_loss", CER_STATE_OWN}};

/* ---- parameters as one vector ------------------------------------------------------------------------------------ */

static Tensor *gather(const cer_OptimGroup *g)
{
    int64_t flat = -1;
    Tensor **part = cer_pool_block((size_t)g->n * sizeof *part, NULL);
    for (int64_t i = 0; part && i < g->n; i++) {
        Tensor *p = g->tensor[i];
        part[i] = p->grad ? torch_reshape_n(p->grad, 1, &flat) : torch_zeros_n(1, &p->numel, (torch_dtype)p->dtype);
    }
    return part ? torch_cat_n(part, g->n, 0) : NULL;
}

bool cer_lbfgs_move(cer_Lbfgs *s, cer_Mixed t)
{
    int64_t at = 0;
    for (int64_t i = 0; i < s->group->n; i++) {
        Tensor *p = s->group->tensor[i];
        Tensor *part = torch_view_as(torch_narrow(s->d, 0, at, p->numel), p);
        if (!part || !torch_add_alpha_(p, part, t.v)) return false;
        at += p->numel;
    }
    return true;
}

static bool read(cer_Lbfgs *s, Tensor *loss, double *value, Tensor **flat_grad)
{
    if (!loss)
        return !cer_error_pending() && cer_raise(TORCH_TYPE_ERROR, "step", "the closure of LBFGS returned no loss");
    *value = torch_item(loss);
    return !cer_error_pending() && cer_hold(flat_grad, gather(s->group));
}

static Tensor *call(const cer_Lbfgs *s)
{
    bool before = torch_set_grad_enabled(true);
    Tensor *loss = s->closure(s->data);
    torch_set_grad_enabled(before);
    return cer_error_pending() ? NULL : loss;
}

bool cer_lbfgs_evaluate(cer_Lbfgs *s, double *loss, Tensor **flat_grad)
{
    int64_t scope = torch_scope_push();
    bool fine = read(s, call(s), loss, flat_grad);
    torch_scope_pop(scope);
    return fine;
}

static cer_Mixed largest(Tensor *t)
{
    return cer_of_tensor(torch_max(torch_abs(t)));
}

static bool is_optimal(const cer_Lbfgs *s)
{
    return cer_at_most(largest(s->flat_grad), cer_number(cer_option(s->group, TOLERANCE_GRAD)));
}

/* ---- the direction ----------------------------------------------------------------------------------------------- */

/* The history with a row more, without its first if it has `most` already: a view of memory with room for what comes. */
static Tensor *pushed(Tensor *rows, Tensor *row, int64_t most)
{
    if (!row) return NULL;
    int64_t n = row->numel, k = rows ? rows->shape[0] : 0, drop = k >= most, keep = k - drop;
    int64_t size[2] = {keep + 1, n}, stride[2] = {n, 1}, ndim = row->ndim == 0 ? 1 : 2;
    int64_t first = rows ? torch_storage_offset(rows) + drop * n : 0;
    int64_t room = rows ? (int64_t)(rows->storage->bytes / torch_dtype_size((torch_dtype)rows->dtype)) : 0;
    if (!rows || first + (keep + 1) * n > room) {
        int64_t larger[2] = {2 * (keep + 1), n};
        Tensor *grown = torch_empty_n(ndim, larger, (torch_dtype)row->dtype);
        if (keep > 0 && grown && !torch_copy_(torch_narrow(grown, 0, 0, keep), torch_narrow(rows, 0, drop, keep)))
            return NULL;
        rows = grown;
        first = 0;
    }
    Tensor *now = rows ? torch_as_strided_at_n(rows, ndim, size, ndim, stride, first) : NULL;
    return now && torch_copy_(torch_select(now, 0, keep), row) ? now : NULL;
}

/* Remembers how the gradient changed along the last step, if it did so the right way. */
static bool remember(cer_Lbfgs *s, Tensor **state)
{
    Tensor *y = torch_sub(s->flat_grad, state[PREV_FLAT_GRAD]), *step = torch_mul(s->d, s->t.v);
    Tensor *ys = torch_dot(y, step);
    int64_t most = (int64_t)cer_option(s->group, HISTORY_SIZE);
    if (!ys) return false;
    if (!cer_less(cer_number(1e-10), cer_of_tensor(ys))) return true;
    return cer_hold(&state[OLD_DIRS], pushed(state[OLD_DIRS], y, most)) &&
           cer_hold(&state[OLD_STPS], pushed(state[OLD_STPS], step, most)) &&
           cer_hold(&state[RO], pushed(state[RO], torch_reciprocal(ys), most)) &&
           cer_hold(&state[H_DIAG], torch_div(ys, torch_dot(y, y)));
}

/* d = -H g, H the approximate inverse Hessian: the two loops over the history. Nocedal and Wright, algorithm 7.4. */
static bool two_loops(cer_Lbfgs *s, Tensor *const *state)
{
    int64_t n = state[OLD_DIRS] ? state[OLD_DIRS]->shape[0] : 0;
    double *al = cer_pool_block((size_t)(n > 0 ? n : 1) * sizeof *al, NULL);
    Tensor *q = torch_neg(s->flat_grad);
    for (int64_t i = n - 1; i >= 0 && al && q; i--) {
        cer_Mixed ro = cer_of_tensor(torch_select(state[RO], 0, i));
        al[i] = cer_product(cer_of_tensor(torch_dot(torch_select(state[OLD_STPS], 0, i), q)), ro).v;
        q = torch_add_alpha_(q, torch_select(state[OLD_DIRS], 0, i), -al[i]);
    }
    Tensor *r = al && q ? torch_mul(q, torch_item(state[H_DIAG])) : NULL;
    for (int64_t i = 0; i < n && r; i++) {
        cer_Mixed ro = cer_of_tensor(torch_select(state[RO], 0, i));
        cer_Mixed be = cer_product(cer_of_tensor(torch_dot(torch_select(state[OLD_DIRS], 0, i), r)), ro);
        r = torch_add_alpha_(r, torch_select(state[OLD_STPS], 0, i), cer_minus((cer_Mixed){al[i], ro.kind}, be).v);
    }
    return cer_hold(&s->d, r);
}

static bool direction(cer_Lbfgs *s, Tensor **state, bool first)
{
    if (!first) return remember(s, state) && two_loops(s, state);
    Tensor *one = torch_ones_n(0, NULL, (torch_dtype)s->flat_grad->dtype);
    return cer_hold(&s->d, torch_neg(s->flat_grad)) && cer_hold(&state[H_DIAG], one);
}

/* ---- the step ---------------------------------------------------------------------------------------------------- */

static bool save_start(cer_Lbfgs *s)
{
    s->start = cer_pool_block((size_t)s->group->n * sizeof *s->start, NULL);
    for (int64_t i = 0; s->start && i < s->group->n; i++) s->start[i] = torch_clone(s->group->tensor[i]);
    return !cer_error_pending();
}

/* Moves along d. Evaluations it took, or -1. */
static int64_t advance(cer_Lbfgs *s, cer_Mixed gtd, bool last)
{
    if (s->group->option[LINE_SEARCH_FN].kind != TORCH_KIND_NONE) {
        if (s->group->option[LINE_SEARCH_FN].as.i != 1)
            return cer_raise(TORCH_RUNTIME_ERROR, "step", "only 'strong_wolfe' is supported"), -1;
        int64_t n = save_start(s) ? cer_strong_wolfe(s, gtd, cer_option(s->group, TOLERANCE_CHANGE)) : -1;
        return n >= 0 && cer_lbfgs_move(s, s->t) ? n : -1;
    }
    if (!cer_lbfgs_move(s, s->t)) return -1;
    if (last) return 0; /* in a stochastic setting the loss here is of no use */
    return cer_lbfgs_evaluate(s, &s->loss, &s->flat_grad) ? 1 : -1;
}

typedef enum Go { FAILED, STOP, ON } Go;

static bool count(Tensor **state, int which, int64_t n)
{
    cer_state_set(state[which], cer_state_get(state[which]) + (double)n);
    return true;
}

static Go iterate(cer_Lbfgs *s, Tensor **state, bool last, int64_t *evaluations)
{
    const cer_OptimGroup *g = s->group;
    double least = cer_option(g, TOLERANCE_CHANGE), before = s->loss;
    bool first = count(state, N_ITER, 1) && cer_state_get(state[N_ITER]) == 1;
    if (!direction(s, state, first) || !cer_hold(&state[PREV_FLAT_GRAD], torch_clone(s->flat_grad))) return FAILED;
    if (!cer_hold(&state[PREV_LOSS], torch_full_n(0, NULL, torch_scalar_double(s->loss), torch_float64))) return FAILED;
    cer_Mixed one = cer_number(1), lr = cer_number(cer_option(g, LR));
    s->t =
        first ? cer_product(cer_least(one, cer_over(one, cer_of_tensor(torch_sum(torch_abs(s->flat_grad))))), lr) : lr;
    cer_Mixed gtd = cer_of_tensor(torch_dot(s->flat_grad, s->d));
    if (cer_error_pending()) return FAILED;
    if (cer_less(cer_number(-least), gtd)) return STOP;
    int64_t n = advance(s, gtd, last);
    if (n < 0) return FAILED;
    *evaluations += n;
    count(state, FUNC_EVALS, n);
    bool stop = last || *evaluations >= (int64_t)cer_option(g, MAX_EVAL) || is_optimal(s) ||
                cer_at_most(largest(torch_mul(s->d, s->t.v)), cer_number(least)) || fabs(s->loss - before) < least;
    return cer_error_pending() ? FAILED : stop ? STOP : ON;
}

static bool minimise(cer_Lbfgs *s, Tensor **state)
{
    int64_t most = (int64_t)cer_option(s->group, MAX_ITER), evaluations = 1;
    Go go = is_optimal(s) ? STOP : ON;
    bool moved = go == ON && most > 0;
    if (state[T]) s->t = cer_of_tensor(state[T]);
    if (state[D]) cer_hold(&s->d, state[D]);
    for (int64_t i = 1; i <= most && go == ON; i++) {
        int64_t scope = torch_scope_push();
        go = iterate(s, state, i == most, &evaluations);
        torch_scope_pop(scope);
    }
    if (go == FAILED || cer_error_pending()) return false;
    Tensor *t = torch_full_n(0, NULL, torch_scalar_double(s->t.v), (torch_dtype)s->flat_grad->dtype);
    return !moved || (cer_hold(&state[D], s->d) && cer_hold(&state[T], t));
}

static Tensor *step(optim_Optimizer *o, optim_Closure *closure, void *data)
{
    cer_Lbfgs s = {.group = &o->group[0], .closure = closure, .data = data};
    cer_OptimParam *holder = &o->group[0].param[0];
    if (o->n_groups != 1)
        return cer_raise(TORCH_VALUE_ERROR, "step", "LBFGS doesn't support per-parameter options (parameter groups)"),
               NULL;
    bool before = torch_set_grad_enabled(false);
    Tensor *loss = call(&s);
    int64_t scope = torch_scope_push();
    bool fine = loss && cer_optim_need_states(o->class_record, s.group, holder, UINT32_MAX) &&
                read(&s, loss, &s.loss, &s.flat_grad);
    if (fine) {
        holder->started = true;
        count(holder->state, FUNC_EVALS, 1);
        fine = minimise(&s, holder->state);
    } else if (!cer_error_pending()) {
        read(&s, loss, &s.loss, &s.flat_grad); /* says what was wrong */
    }
    cer_release(s.flat_grad);
    cer_release(s.d);
    torch_scope_pop(scope);
    torch_set_grad_enabled(before);
    return fine && !cer_error_pending() ? loss : NULL;
}

static const cer_OptimClass lbfgs_class = {.name = "LBFGS",
                                           .option = option_names,
                                           .n_options = OPTIONS,
                                           .state = states,
                                           .n_states = STATES,
                                           .true_text = "strong_wolfe",
                                           .step = step};

optim_LBFGSArgs optim_LBFGSArgs_defaults(void)
{
    return (optim_LBFGSArgs){.struct_size = sizeof(optim_LBFGSArgs),
                             .lr = 1,
                             .max_iter = 20,
                             .max_eval = TORCH_NONE,
                             .tolerance_grad = 1e-7,
                             .tolerance_change = 1e-9,
                             .history_size = 100};
}

optim_Optimizer *optim_LBFGS_new(const optim_LBFGSArgs *args)
{
    optim_LBFGSArgs a = optim_LBFGSArgs_defaults();
    cer_args(&a, sizeof a, args);
    int64_t max_eval = a.max_eval == TORCH_NONE ? a.max_iter / 4 * 5 + a.max_iter % 4 * 5 / 4 : a.max_eval;
    torch_Scalar search = torch_scalar_none();
    if (a.line_search_fn) {
        search = torch_scalar_bool(true);
        search.as.i = strcmp(a.line_search_fn, "strong_wolfe") == 0 ? 1 : 2;
    }
    const torch_Scalar preset[OPTIONS] = {[HISTORY_SIZE] = torch_scalar_int(a.history_size),
                                          [LINE_SEARCH_FN] = search,
                                          [LR] = a.lr == (double)(int)a.lr ? torch_scalar_int((int)a.lr)
                                                                           : torch_scalar_double(a.lr),
                                          [MAX_EVAL] = torch_scalar_int(max_eval),
                                          [MAX_ITER] = torch_scalar_int(a.max_iter),
                                          [TOLERANCE_CHANGE] = torch_scalar_double(a.tolerance_change),
                                          [TOLERANCE_GRAD] = torch_scalar_double(a.tolerance_grad)};
    return cer_optimizer_new(&lbfgs_class, preset, a.params);
}
