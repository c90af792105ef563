/* Numbers as Python has them between tensors: a float, or a 0-d tensor of the parameters' dtype. What is made of both is a
 * tensor; in float32 its operands and its value are rounded to that, so that a line of Python gives the same bits here. */
#ifndef CERILLA_MIXED_H
#define CERILLA_MIXED_H

#include <math.h>

#include "core/impl.h"

typedef struct cer_Mixed {
    double v;
    enum { CER_PYTHON, CER_FLOAT32, CER_FLOAT64 } kind;
} cer_Mixed;

static inline cer_Mixed cer_number(double v)
{
    return (cer_Mixed){v, CER_PYTHON};
}

static inline cer_Mixed cer_of_tensor(const Tensor *t) /* 0-d; NaN where t is NULL */
{
    return t ? (cer_Mixed){torch_item(t), t->dtype == torch_float64 ? CER_FLOAT64 : CER_FLOAT32}
             : cer_number(TORCH_NAN);
}

static inline double cer_in(cer_Mixed a, int kind)
{
    return kind == CER_FLOAT32 ? (double)(float)a.v : a.v;
}

#define CER_MIXED_OP(name, expression)                                  \
    static inline cer_Mixed name(cer_Mixed a, cer_Mixed b)              \
    {                                                                   \
        int kind = a.kind > b.kind ? (int)a.kind : (int)b.kind;         \
        double x = cer_in(a, kind), y = cer_in(b, kind);                \
        return (cer_Mixed){cer_in(cer_number(expression), kind), kind}; \
    }
CER_MIXED_OP(cer_plus, x + y)
CER_MIXED_OP(cer_minus, x - y)
CER_MIXED_OP(cer_product, x *y)
CER_MIXED_OP(cer_ratio, x / y)

/* a / b; a number over a tensor is tensor.reciprocal() * number */
static inline cer_Mixed cer_over(cer_Mixed a, cer_Mixed b)
{
    if (a.kind != CER_PYTHON || b.kind == CER_PYTHON) return cer_ratio(a, b);
    return cer_product(cer_ratio((cer_Mixed){1, b.kind}, b), a);
}

static inline cer_Mixed cer_root(cer_Mixed a)
{
    return (cer_Mixed){cer_in(cer_number(sqrt(a.v)), (int)a.kind), a.kind};
}

static inline cer_Mixed cer_size(cer_Mixed a)
{
    return (cer_Mixed){fabs(a.v), a.kind};
}

static inline bool cer_less(cer_Mixed a, cer_Mixed b)
{
    int kind = a.kind > b.kind ? (int)a.kind : (int)b.kind;
    return cer_in(a, kind) < cer_in(b, kind);
}

static inline bool cer_at_most(cer_Mixed a, cer_Mixed b)
{
    int kind = a.kind > b.kind ? (int)a.kind : (int)b.kind;
    return cer_in(a, kind) <= cer_in(b, kind);
}

/* Python's min and max: the first, unless the second is really less or greater */
static inline cer_Mixed cer_least(cer_Mixed a, cer_Mixed b)
{
    return cer_less(b, a) ? b : a;
}

static inline cer_Mixed cer_most(cer_Mixed a, cer_Mixed b)
{
    return cer_less(a, b) ? b : a;
}

#endif
