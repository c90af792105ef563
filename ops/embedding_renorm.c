/* F.embedding's max_norm: rows that are used and longer than that are shortened, in place. */
#include <math.h>
#include <string.h>

#include "ops/embedding.h"
#include "ops/moves.h"

typedef struct RenormAttrs {
    double max_norm, norm_type;
} RenormAttrs;

static bool renorm_shape(cer_Call *c)
{
    const Tensor *weight = c->self;
    if (weight->dtype != torch_float32 && weight->dtype != torch_float64)
        return cer_raise(TORCH_RUNTIME_ERROR, "embedding_renorm_",
                         "embedding_renorm_: weight must be float32 or float64");
    return cer_embedding_in_range(c->in[1].as.t, weight->shape[0]);
}

static double element(const Tensor *t, int64_t row, int64_t k)
{
    int64_t at = row * t->stride[0] + k * t->stride[1];
    return t->dtype == torch_float32 ? ((const float *)(const void *)t->data)[at]
                                     : ((const double *)(const void *)t->data)[at];
}

static void scale(const Tensor *t, int64_t row, double by)
{
    for (int64_t k = 0; k < t->shape[1]; k++) {
        int64_t at = row * t->stride[0] + k * t->stride[1];
        if (t->dtype == torch_float32)
            ((float *)(void *)t->data)[at] *= (float)by;
        else
            ((double *)(void *)t->data)[at] *= by;
    }
}

static double norm_of(const Tensor *t, int64_t row, double p)
{
    double sum = 0;
    for (int64_t k = 0; k < t->shape[1]; k++) {
        double v = fabs(element(t, row, k));
        if (isinf(p))
            sum = v > sum || isnan(v) ? v : sum;
        else
            sum += p == 2 ? v * v : p == 1 ? v : pow(v, p);
    }
    return isinf(p) || p == 1 ? sum : p == 2 ? sqrt(sum) : pow(sum, 1 / p);
}

static bool renorm_kernel(cer_Call *c)
{
    const RenormAttrs *a = c->attrs;
    Tensor *weight = c->self, *index = c->in[1].as.t;
    int64_t n = weight->shape[0];
    char *used = cer_alloc((size_t)n + 1); /* each row once */
    if (!used) return cer_raise_memory("embedding_renorm_", (double)n);
    memset(used, 0, (size_t)n + 1);
    for (int64_t i = 0; i < index->numel; i++) used[((const int64_t *)(const void *)index->data)[i]] = 1;
    for (int64_t row = 0; row < n; row++) {
        double norm = used[row] ? norm_of(weight, row, a->norm_type) : 0;
        if (norm > a->max_norm) scale(weight, row, a->max_norm / (norm + 1e-7));
    }
    cer_free(used, (size_t)n + 1);
    return true;
}

const cer_Op cer_op_embedding_renorm_ = {
    .name = "embedding_renorm_",
    .shape = renorm_shape,
    .kernel = renorm_kernel,
    .n_outputs = 1,
    .flags = CER_INPLACE | CER_NONDIFFERENTIABLE,
    .attrs_bytes = sizeof(RenormAttrs),
};

bool cer_embedding_renorm(Tensor *weight, Tensor *index, double max_norm, double norm_type)
{
    RenormAttrs a = {max_norm, norm_type};
    bool before = torch_set_grad_enabled(false);
    Tensor *done = cer_call2(&cer_op_embedding_renorm_, weight, torch_contiguous(index), &a);
    torch_set_grad_enabled(before);
    return done != NULL;
}
