/* uniform_, normal_, bernoulli_ and random_, in place. The draws are core's (random_fill.c). */
#include "ops/draw.h"

/* ---- in place: records, so that dispatch sees to leaves, versions and history ------------------------------------ */

typedef struct RandomAttrs {
    torch_Generator *generator; /* not looked at after the call */
    double a, b;                /* from, to; mean, std; p */
    int64_t from, to;           /* to: TORCH_NONE is None */
} RandomAttrs;

static bool uniform_shape(cer_Call *c)
{
    const RandomAttrs *a = c->attrs;
    return cer_check_uniform(c->op->name, c->self, a->a, a->b);
}

static bool uniform_kernel(cer_Call *c)
{
    const RandomAttrs *a = c->attrs;
    cer_fill_uniform(a->generator, c->self, a->a, a->b);
    return true;
}

static bool normal_shape(cer_Call *c)
{
    const RandomAttrs *a = c->attrs;
    return cer_check_normal(c->op->name, c->self, a->b);
}

static bool normal_kernel(cer_Call *c)
{
    const RandomAttrs *a = c->attrs;
    cer_fill_normal(a->generator, c->self, a->a, a->b);
    return true;
}

static bool bernoulli_shape(cer_Call *c)
{
    const RandomAttrs *a = c->attrs;
    return cer_check_bernoulli(c->op->name, c->self, a->a);
}

static bool bernoulli_kernel(cer_Call *c)
{
    const RandomAttrs *a = c->attrs;
    cer_fill_bernoulli(a->generator, c->self, a->a);
    return true;
}

static bool random_any_shape(cer_Call *c)
{
    (void)c;
    return true;
}

static bool random_any_kernel(cer_Call *c)
{
    const RandomAttrs *a = c->attrs;
    cer_fill_integers_of_dtype(a->generator, c->self);
    return true;
}

static bool random_kernel(cer_Call *c) /* the checks raise before anything is written */
{
    const RandomAttrs *a = c->attrs;
    int64_t from = a->from;
    uint64_t range;
    if (!cer_check_integers(c->op->name, c->self, &from, a->to == TORCH_NONE ? NULL : &a->to, &range)) return false;
    cer_fill_integers(a->generator, c->self, from, range);
    return true;
}

#define IN_PLACE(record, op_name, grad, schema_, shape_, kernel_) \
    const cer_Op record = {                                       \
        .name = op_name,                                          \
        .grad_name = grad,                                        \
        .schema = schema_,                                        \
        .shape = shape_,                                          \
        .kernel = kernel_,                                        \
        .vjp = cer_no_old_value,                                  \
        .n_outputs = 1,                                           \
        .flags = CER_INPLACE,                                     \
        .attrs_bytes = sizeof(RandomAttrs),                       \
    }
IN_PLACE(cer_op_uniform_, "uniform_", "UniformBackward0",
         "uniform_(Tensor(a!) self, float from=0, float to=1, *, Generator? generator=None) -> Tensor(a!)",
         uniform_shape, uniform_kernel);
IN_PLACE(cer_op_normal_, "normal_", "NormalBackward0",
         "normal_(Tensor(a!) self, float mean=0, float std=1, *, Generator? generator=None) -> Tensor(a!)",
         normal_shape, normal_kernel);
IN_PLACE(cer_op_bernoulli_, "bernoulli_", "BernoulliBackward2",
         "bernoulli_.float(Tensor(a!) self, float p=0.5, *, Generator? generator=None) -> Tensor(a!)", bernoulli_shape,
         bernoulli_kernel);
IN_PLACE(cer_op_random_, "random_", "RandomBackward2",
         "random_(Tensor(a!) self, *, Generator? generator=None) -> Tensor(a!)", random_any_shape, random_any_kernel);
IN_PLACE(cer_op_random_to_, "random_", "RandomBackward1",
         "random_.to(Tensor(a!) self, int to, *, Generator? generator=None) -> Tensor(a!)", random_any_shape,
         random_kernel);
IN_PLACE(cer_op_random_from_, "random_", "RandomBackward0",
         "random_.from(Tensor(a!) self, int from, int? to, *, Generator? generator=None) -> Tensor(a!)",
         random_any_shape, random_kernel);

Tensor *torch_uniform__generator(Tensor *x, double from, double to, torch_Generator *g)
{
    return cer_call1(&cer_op_uniform_, x, &(RandomAttrs){.generator = g, .a = from, .b = to});
}

Tensor *torch_normal__generator(Tensor *x, double mean, double std, torch_Generator *g)
{
    return cer_call1(&cer_op_normal_, x, &(RandomAttrs){.generator = g, .a = mean, .b = std});
}

Tensor *torch_bernoulli__generator(Tensor *x, double p, torch_Generator *g)
{
    return cer_call1(&cer_op_bernoulli_, x, &(RandomAttrs){.generator = g, .a = p});
}

Tensor *torch_random__generator(Tensor *x, int64_t from, int64_t to, torch_Generator *g)
{
    const RandomAttrs a = {.generator = g, .from = from == TORCH_NONE ? 0 : from, .to = to};
    if (from == TORCH_NONE) return cer_call1(to == TORCH_NONE ? &cer_op_random_ : &cer_op_random_to_, x, &a);
    return cer_call1(&cer_op_random_from_, x, &a);
}

Tensor *torch_uniform_(Tensor *x, double from, double to)
{
    return torch_uniform__generator(x, from, to, NULL);
}

Tensor *torch_normal_(Tensor *x, double mean, double std)
{
    return torch_normal__generator(x, mean, std, NULL);
}

Tensor *torch_bernoulli_(Tensor *x, double p)
{
    return torch_bernoulli__generator(x, p, NULL);
}

Tensor *torch_random_(Tensor *x, int64_t from, int64_t to)
{
    return torch_random__generator(x, from, to, NULL);
}
