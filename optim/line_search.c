/* The line search of LBFGS: cubic interpolation until the strong Wolfe conditions hold. Nocedal and Wright, 3.5. */
#include "lbfgs.h"
#include "ops/ops.h"

enum { EVALUATIONS = 25 };

/* A place on the line: how far, the loss, its gradient, and that along d. */
typedef struct Point {
    cer_Mixed t, f, gtd;
    Tensor *g; /* one reference */
} Point;

/* The minimum of the cubic through both points, within the bounds. */
static cer_Mixed interpolate(const Point *p, const Point *q, cer_Mixed low, cer_Mixed high)
{
    cer_Mixed three = cer_product(cer_number(3), cer_minus(p->f, q->f)), two = cer_number(2);
    cer_Mixed d1 = cer_minus(cer_plus(p->gtd, q->gtd), cer_over(three, cer_minus(p->t, q->t)));
    cer_Mixed square = cer_minus(cer_product(d1, d1), cer_product(p->gtd, q->gtd));
    if (!cer_at_most(cer_number(0), square)) return cer_over(cer_plus(low, high), two);
    if (!cer_at_most(p->t, q->t)) {
        const Point *left = q;
        q = p;
        p = left;
    }
    cer_Mixed d2 = cer_root(square);
    cer_Mixed top = cer_minus(cer_plus(q->gtd, d2), d1);
    cer_Mixed bottom = cer_plus(cer_minus(q->gtd, p->gtd), cer_product(two, d2));
    cer_Mixed at = cer_minus(q->t, cer_product(cer_minus(q->t, p->t), cer_over(top, bottom)));
    return cer_least(cer_most(at, low), high);
}

/* The loss and gradient at t; the parameters go back to where they were. */
static bool look(cer_Lbfgs *s, cer_Mixed t, Point *to)
{
    double loss;
    if (!cer_lbfgs_move(s, t) || !cer_lbfgs_evaluate(s, &loss, &to->g)) return false;
    for (int64_t i = 0; i < s->group->n; i++)
        if (!torch_copy_(s->group->tensor[i], s->start[i])) return false;
    Tensor *along = torch_dot(to->g, s->d);
    to->t = t;
    to->f = cer_number(loss);
    to->gtd = cer_of_tensor(along);
    return along != NULL;
}

static void move_point(Point *to, const Point *from)
{
    Tensor *g = to->g;
    if (from->g) cer_retain(from->g);
    *to = *from;
    cer_release(g);
}

typedef struct Search {
    cer_Lbfgs *step;
    cer_Mixed gtd, f; /* at 0 */
    Point first, before, now, bracket[2];
    int n_bracket; /* 1: that point is the answer */
    int64_t evaluations, iterations;
    bool done;
} Search;

static const double c1 = 1e-4, c2 = 0.9;

static bool rises(const Search *s) /* f > f(0) + c1 t gtd */
{
    return cer_less(cer_plus(s->f, cer_product(cer_product(cer_number(c1), s->now.t), s->gtd)), s->now.f);
}

static bool is_flat(const Search *s) /* |gtd| <= -c2 gtd(0) */
{
    return cer_at_most(cer_size(s->now.gtd), cer_product(cer_number(-c2), s->gtd));
}

static void close_bracket(Search *s, const Point *low, const Point *high)
{
    s->n_bracket = high ? 2 : 1;
    move_point(&s->bracket[0], low);
    if (high) move_point(&s->bracket[1], high);
}

/* Goes on until there is a minimum between two points. */
static bool find_bracket(Search *s)
{
    for (; s->iterations < EVALUATIONS; s->iterations++) {
        if (rises(s) || (s->iterations > 1 && cer_at_most(s->before.f, s->now.f))) {
            close_bracket(s, &s->before, &s->now);
            return true;
        }
        if (is_flat(s)) {
            close_bracket(s, &s->now, NULL);
            s->done = true;
            return true;
        }
        if (cer_at_most(cer_number(0), s->now.gtd)) {
            close_bracket(s, &s->before, &s->now);
            return true;
        }
        cer_Mixed least = cer_plus(s->now.t, cer_product(cer_number(0.01), cer_minus(s->now.t, s->before.t)));
        cer_Mixed t = interpolate(&s->before, &s->now, least, cer_product(s->now.t, cer_number(10)));
        move_point(&s->before, &s->now);
        if (!look(s->step, t, &s->now)) return false;
        s->evaluations++;
    }
    close_bracket(s, &s->first, &s->now);
    return true;
}

/* Where to look next in the bracket: not too near its ends, twice in a row. */
static cer_Mixed next_point(const Search *s, bool *too_near)
{
    cer_Mixed a = s->bracket[0].t, b = s->bracket[1].t, high = cer_most(a, b), low = cer_least(a, b);
    cer_Mixed within_low = cer_at_most(a, b) ? a : b, within_high = cer_at_most(a, b) ? b : a;
    cer_Mixed t = interpolate(&s->bracket[0], &s->bracket[1], within_low, within_high);
    cer_Mixed eps = cer_product(cer_number(0.1), cer_minus(high, low));
    if (!cer_less(cer_least(cer_minus(high, t), cer_minus(t, low)), eps)) {
        *too_near = false;
        return t;
    }
    if (!*too_near && cer_less(t, high) && cer_less(low, t)) {
        *too_near = true;
        return t;
    }
    *too_near = false;
    return cer_less(cer_size(cer_minus(t, high)), cer_size(cer_minus(t, low))) ? cer_minus(high, eps)
                                                                               : cer_plus(low, eps);
}

static int lower_end(const Search *s)
{
    return cer_at_most(s->bracket[0].f, s->bracket[s->n_bracket - 1].f) ? 0 : 1;
}

/* Shrinks the bracket around the minimum; the index of its better end, or -1. */
static int zoom(Search *s, double tolerance_change)
{
    int low = lower_end(s);
    bool too_near = false;
    cer_Mixed norm = cer_of_tensor(torch_max(torch_abs(s->step->d)));
    while (!s->done && s->iterations < EVALUATIONS) {
        cer_Mixed width = cer_size(cer_minus(s->bracket[1].t, s->bracket[0].t));
        if (cer_less(cer_product(width, norm), cer_number(tolerance_change))) break;
        if (!look(s->step, next_point(s, &too_near), &s->now)) return -1;
        s->evaluations++;
        s->iterations++;
        if (rises(s) || cer_at_most(s->bracket[low].f, s->now.f)) {
            move_point(&s->bracket[!low], &s->now);
            low = lower_end(s);
            continue;
        }
        cer_Mixed across = cer_product(s->now.gtd, cer_minus(s->bracket[!low].t, s->bracket[low].t));
        if (is_flat(s))
            s->done = true;
        else if (cer_at_most(cer_number(0), across))
            move_point(&s->bracket[!low], &s->bracket[low]);
        move_point(&s->bracket[low], &s->now);
    }
    return cer_error_pending() ? -1 : low;
}

int64_t cer_strong_wolfe(cer_Lbfgs *step, cer_Mixed gtd, double tolerance_change)
{
    cer_Mixed f = cer_number(step->loss);
    Search s = {.step = step, .gtd = gtd, .f = f};
    move_point(&s.first, &(Point){cer_number(0), f, gtd, step->flat_grad});
    move_point(&s.before, &s.first);
    bool fine = look(step, step->t, &s.now);
    s.evaluations = 1;
    int best = fine && find_bracket(&s) ? zoom(&s, tolerance_change) : -1;
    if (best >= 0) {
        step->t = s.bracket[best].t;
        step->loss = s.bracket[best].f.v;
        cer_hold(&step->flat_grad, s.bracket[best].g);
    }
    Point *all[5] = {&s.first, &s.before, &s.now, &s.bracket[0], &s.bracket[1]};
    for (int k = 0; k < 5; k++) cer_release(all[k]->g);
    return best < 0 ? -1 : s.evaluations;
}
