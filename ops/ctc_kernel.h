/* ctc_loss in one type: included by ctc.c for float and double, with REAL, LOG, EXP and NAME. log_alpha and log_beta
 * are (B, T, 2 longest + 1): for each step and place in "blank label blank label ... blank" the logarithm of what
 * leads there, and of what leads on from there. No guard: included twice. */

/* log(exp(a) + exp(b) + exp(c)) */
static REAL NAME(sum)(REAL a, REAL b, REAL c)
{
    REAL top = a > b ? a : b;
    top = c > top ? c : top;
    if (top == -INFINITY) top = 0;
    return LOG(EXP(a - top) + EXP(b - top) + EXP(c - top)) + top;
}

static REAL NAME(forward)(const Item *item, const REAL *p, REAL *alpha)
{
    int64_t last = 2 * item->n;
    for (int64_t i = 0; i < item->steps_all * item->width; i++) alpha[i] = -INFINITY;
    if (item->steps == 0) return item->n == 0 ? 0 : INFINITY;
    alpha[0] = p[item->blank * item->class];
    if (item->n > 0) alpha[1] = p[label_at(item, 1) * item->class];
    for (int64_t t = 1; t < item->steps; t++) {
        const REAL *before = alpha + (t - 1) * item->width;
        for (int64_t s = 0; s <= last; s++) {
            int64_t label = label_at(item, s);
            REAL one = s > 0 ? before[s - 1] : (REAL)-INFINITY;
            REAL two = s > 1 && label_at(item, s - 2) != label ? before[s - 2] : (REAL)-INFINITY;
            alpha[t * item->width + s] = NAME(sum)(before[s], one, two) + p[t * item->step + label * item->class];
        }
    }
    const REAL *end = alpha + (item->steps - 1) * item->width;
    if (last == 0) return -end[0];
    REAL a = end[last], b = end[last - 1], top = a > b ? a : b;
    if (top == -INFINITY) top = 0;
    return -(LOG(EXP(a - top) + EXP(b - top)) + top);
}

/* grad (T, C), by steps `row` apart: the gradient by p of loss, times g. beta: room for two steps. */
static void NAME(backward)(const Item *item, const REAL *p, const REAL *alpha, REAL loss, REAL g, REAL *beta,
                           REAL *grad, int64_t row)
{
    int64_t last = 2 * item->n;
    for (int64_t t = item->steps - 1; t >= 0; t--) {
        REAL *now = beta + (t % 2) * item->width, *next = beta + ((t + 1) % 2) * item->width, *out = grad + t * row;
        for (int64_t k = 0; k < item->classes; k++) out[k] = -INFINITY;
        for (int64_t s = last; s >= 0; s--) {
            int64_t label = label_at(item, s);
            REAL here = p[t * item->step + label * item->class], one = -INFINITY, two = -INFINITY;
            if (t == item->steps - 1) {
                now[s] = s >= last - 1 ? here : (REAL)-INFINITY;
            } else {
                if (s < last) one = next[s + 1];
                if (s < last - 1 && label_at(item, s + 2) != label) two = next[s + 2];
                now[s] = NAME(sum)(next[s], one, two) + here;
            }
            REAL both = alpha[t * item->width + s] + now[s];
            if (t == item->steps - 1) {
                if (s >= last - 1) out[label] = both; /* not added, even where the last label is the blank */
            } else {
                out[label] = out[label] == -INFINITY ? both : NAME(sum)(out[label], both, (REAL)-INFINITY);
            }
        }
        for (int64_t k = 0; k < item->classes; k++) {
            REAL log_p = p[t * item->step + k * item->class];
            out[k] = (EXP(log_p) - EXP(out[k] + loss - log_p)) * g;
        }
    }
}
