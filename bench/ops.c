/* Every row of ops.def on a million elements. */
#include <cerilla.h>
#include <string.h>

#include "bench.h"

typedef struct Inputs {
    Tensor *x, *y, *z, *p, *i, *b, *v, *n, *k, *j, *a, *s;
    nn_LSTM *lstm;
} Inputs;

#define NAMES                                                                                                          \
    Tensor *x = in->x, *y = in->y, *z = in->z, *p = in->p, *i = in->i, *b = in->b, *v = in->v, *n = in->n, *k = in->k, \
           *j = in->j, *a = in->a, *s = in->s;                                                                         \
    nn_LSTM *lstm = in->lstm;                                                                                          \
    (void)x, (void)y, (void)z, (void)p, (void)i, (void)b, (void)v, (void)n, (void)k, (void)j, (void)a, (void)s,        \
        (void)lstm;

#define BENCH(name, python, ...)        \
    static void body_##name(void *data) \
    {                                   \
        const Inputs *in = data;        \
        torch_scope();                  \
        torch_no_grad();                \
        NAMES(void)(__VA_ARGS__);       \
    }
#define BENCH_GRAD(name, python, ...)                    \
    static void body_##name(void *data)                  \
    {                                                    \
        const Inputs *in = data;                         \
        torch_scope();                                   \
        NAMES Tensor *result = __VA_ARGS__;              \
        torch_backward(result, torch_ones_like(result)); \
        torch_set_grad(x, NULL);                         \
        torch_set_grad(y, NULL);                         \
    }
#include "ops.def"
#undef BENCH
#undef BENCH_GRAD

static const struct {
    const char *name;
    bench_Body body;
    bool grad;
} rows[] = {
#define BENCH(name, ...) {#name, body_##name, false},
#define BENCH_GRAD(name, ...) {#name, body_##name, true},
#include "ops.def"
};

int main(int argc, char **argv)
{
    torch_scope();
    torch_set_warning_handler(NULL);
    torch_manual_seed(0);
    const char *pattern = argc > 1 ? argv[1] : "";
    Inputs in = {.x = torch_randn(1000, 1000), .y = torch_randn(1000, 1000), .z = torch_randn(1000, 1000)};
    in.p = torch_add(torch_rand(1000, 1000), 0.1);
    in.i = torch_randint(0, 1000, 1000, 1000);
    in.b = torch_gt(in.x, in.y);
    in.v = torch_randn(1000);
    in.n = torch_randint(0, 1000, 1000);
    in.k = torch_randint(0, 1000, 1000, 1000);
    in.j = torch_to(in.k, torch_int32);
    in.a = torch_randn(200, 200);
    in.s = torch_add(torch_mm(in.a, torch_t(in.a)), torch_mul(torch_eye(200), 200));
    in.lstm = nn_LSTM(100, 100);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        if (!bench_wanted(rows[r].name, pattern)) continue;
        torch_requires_grad_(in.x, rows[r].grad);
        torch_requires_grad_(in.y, rows[r].grad);
        bench_run(rows[r].name, rows[r].body, &in, torch_allocations);
        if (torch_error()) return torch_exit_code();
    }
    nn_free(in.lstm);
    return torch_exit_code();
}
