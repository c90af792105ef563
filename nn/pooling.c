/* Pooling layers: their options, over the functions of ops/pool.h. */
#include "layer.h"

/* An option as it was given: 2, or (2, 1); as_tuple: (2,) for one number too, dims times. */
static void repr_size(cer_Repr r, const char *name, int64_t one, const F_Each *each, int as_tuple)
{
    const int64_t same[3] = {one, one, one};
    if (each->n)
        cer_repr_tuple(r, name, each->n, each->size);
    else if (as_tuple)
        cer_repr_tuple(r, name, as_tuple, same);
    else
        cer_repr_int(r, name, one);
}

/* The stride, which is the kernel's size where none is given. */
static void repr_stride(cer_Repr r, int64_t stride, const F_Each *strides, int64_t kernel, const F_Each *kernels,
                        int as_tuple)
{
    bool given = stride != TORCH_NONE || strides->n;
    repr_size(r, "stride", given ? stride : kernel, given ? strides : kernels, as_tuple);
}

/* Copies what nn_XArgs and F_XArgs have in common. */
#define WINDOW(to, from)                     \
    (to).kernel_size = (from).kernel_size;   \
    (to).kernel_sizes = (from).kernel_sizes; \
    (to).stride = (from).stride;             \
    (to).strides = (from).strides

/* ---- max pools --------------------------------------------------------------------------------------------------- */

typedef Tensor *MaxPool(const F_MaxPoolArgs *args);

static int max_pool(MaxPool *function, nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)
{
    const nn_MaxPoolArgs *m = &((const nn_MaxPool *)self)->args;
    F_MaxPoolArgs a = F_MaxPoolArgs_defaults();
    Tensor *indices = NULL;
    if (!cer_nn_arity(self, n_in, 1, 1, "input")) return torch_error_code();
    WINDOW(a, *m);
    a.input = in[0];
    a.padding = m->padding;
    a.paddings = m->paddings;
    a.dilation = m->dilation;
    a.dilations = m->dilations;
    a.ceil_mode = m->ceil_mode;
    a.indices = m->return_indices ? &indices : NULL;
    out[0] = function(&a);
    if (n_out > 1) out[1] = indices;
    return torch_error_code();
}

static void max_pool_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_MaxPoolArgs *m = &((const nn_MaxPool *)self)->args;
    cer_Repr r = {text, bytes};
    repr_size(r, "kernel_size", m->kernel_size, &m->kernel_sizes, 0);
    repr_stride(r, m->stride, &m->strides, m->kernel_size, &m->kernel_sizes, 0);
    repr_size(r, "padding", m->padding, &m->paddings, 0);
    repr_size(r, "dilation", m->dilation, &m->dilations, 0);
    cer_repr_bool(r, "ceil_mode", m->ceil_mode);
}

/* ---- average pools ----------------------------------------------------------------------------------------------- */

typedef Tensor *AvgPool(const F_AvgPoolArgs *args);

static Tensor *avg_pool(AvgPool *function, const nn_AvgPoolArgs *m, Tensor *x)
{
    F_AvgPoolArgs a = F_AvgPoolArgs_defaults();
    WINDOW(a, *m);
    a.input = x;
    a.padding = m->padding;
    a.paddings = m->paddings;
    a.ceil_mode = m->ceil_mode;
    a.count_include_pad = m->count_include_pad;
    a.divisor_override = m->divisor_override;
    return function(&a);
}

static void avg_pool_text(const nn_Module *self, char *text, size_t bytes, int as_tuple)
{
    const nn_AvgPoolArgs *m = &((const nn_AvgPool *)self)->args;
    cer_Repr r = {text, bytes};
    repr_size(r, "kernel_size", m->kernel_size, &m->kernel_sizes, as_tuple);
    repr_stride(r, m->stride, &m->strides, m->kernel_size, &m->kernel_sizes, as_tuple);
    repr_size(r, "padding", m->padding, &m->paddings, as_tuple);
}

static void avg_pool_repr(const nn_Module *self, char *text, size_t bytes)
{
    avg_pool_text(self, text, bytes, 0);
}

static void avg_pool1d_repr(const nn_Module *self, char *text, size_t bytes)
{
    avg_pool_text(self, text, bytes, 1);
}

/* ---- adaptive pools ---------------------------------------------------------------------------------------------- */

typedef Tensor *AdaptivePool(const F_AdaptivePoolArgs *args);

static int adaptive_pool(AdaptivePool *function, nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out,
                         int64_t n_out)
{
    const nn_AdaptivePoolArgs *m = &((const nn_AdaptivePool *)self)->args;
    F_AdaptivePoolArgs a = F_AdaptivePoolArgs_defaults();
    Tensor *indices = NULL;
    if (!cer_nn_arity(self, n_in, 1, 1, "input")) return torch_error_code();
    a.input = in[0];
    a.output_size = m->output_size;
    a.output_sizes = m->output_sizes;
    a.indices = m->return_indices ? &indices : NULL;
    out[0] = function(&a);
    if (n_out > 1) out[1] = indices;
    return torch_error_code();
}

static void adaptive_pool_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_AdaptivePoolArgs *m = &((const nn_AdaptivePool *)self)->args;
    repr_size((cer_Repr){text, bytes}, "output_size", m->output_size, &m->output_sizes, 0);
}

/* ---- LPPool, MaxUnpool ------------------------------------------------------------------------------------------- */

typedef Tensor *LPPool(const F_LpPoolArgs *args);
typedef Tensor *MaxUnpool(const F_MaxUnpoolArgs *args);

static Tensor *lp_pool(LPPool *function, const nn_LPPoolArgs *m, Tensor *x)
{
    F_LpPoolArgs a = F_LpPoolArgs_defaults();
    WINDOW(a, *m);
    a.input = x;
    a.norm_type = m->norm_type;
    a.ceil_mode = m->ceil_mode;
    return function(&a);
}

static void lp_pool_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_LPPoolArgs *m = &((const nn_LPPool *)self)->args;
    cer_Repr r = {text, bytes};
    if (m->norm_type == (double)(int64_t)m->norm_type)
        cer_repr_int(r, "norm_type", (int64_t)m->norm_type);
    else
        cer_repr_number(r, "norm_type", m->norm_type);
    repr_size(r, "kernel_size", m->kernel_size, &m->kernel_sizes, 0);
    if (m->stride == TORCH_NONE && !m->strides.n)
        cer_repr_text(r, "stride", "None");
    else
        repr_size(r, "stride", m->stride, &m->strides, 0);
    cer_repr_bool(r, "ceil_mode", m->ceil_mode);
}

static int max_unpool(MaxUnpool *function, nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out)
{
    const nn_MaxUnpoolArgs *m = &((const nn_MaxUnpool *)self)->args;
    F_MaxUnpoolArgs a = F_MaxUnpoolArgs_defaults();
    if (!cer_nn_arity(self, n_in, 2, 2, "input indices")) return torch_error_code();
    WINDOW(a, *m);
    a.input = in[0];
    a.indices = in[1];
    a.padding = m->padding;
    a.paddings = m->paddings;
    out[0] = function(&a);
    return torch_error_code();
}

static void max_unpool_text(const nn_Module *self, char *text, size_t bytes, int dims)
{
    const nn_MaxUnpoolArgs *m = &((const nn_MaxUnpool *)self)->args;
    cer_Repr r = {text, bytes};
    repr_size(r, "kernel_size", m->kernel_size, &m->kernel_sizes, dims);
    repr_stride(r, m->stride, &m->strides, m->kernel_size, &m->kernel_sizes, dims);
    repr_size(r, "padding", m->padding, &m->paddings, dims);
}

/* ---- classes ----------------------------------------------------------------------------------------------------- */

/* Defaults, and the constructor of one class: its options are kept as they are. */
#define DEFAULTS(Args, MACRO, first)        \
    Args Args##_defaults(void)              \
    {                                       \
        return *MACRO(.first = TORCH_NONE); \
    }
DEFAULTS(nn_MaxPoolArgs, NN_MAX_POOL, kernel_size)
DEFAULTS(nn_AvgPoolArgs, NN_AVG_POOL, kernel_size)
DEFAULTS(nn_AdaptivePoolArgs, NN_ADAPTIVE_POOL, output_size)
DEFAULTS(nn_LPPoolArgs, NN_LP_POOL, kernel_size)
DEFAULTS(nn_MaxUnpoolArgs, NN_MAX_UNPOOL, kernel_size)

#define POOL(Class, Base, Args, required, forward_, repr_)                                             \
    nn_##Class *nn_##Class##_new(const Args *args)                                                     \
    {                                                                                                  \
        static const nn_Class record = NN_CLASS(nn_##Class, .forward = forward_, .extra_repr = repr_); \
        Args a = Args##_defaults();                                                                    \
        cer_args(&a, sizeof a, args);                                                                  \
        if (!NN_REQUIRED(Base, #required, a.required##s.n ? 0 : a.required)) return NULL;              \
        nn_##Class *m = nn_new_class(nn_##Class, &record);                                             \
        if (m) m->args = a;                                                                            \
        return m;                                                                                      \
    }

#define MAX_POOL(n)                                                                                                \
    static int max_pool##n##_forward(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out)   \
    {                                                                                                              \
        return max_pool(F_max_pool##n##d_args, m, in, n_in, out, n_out);                                           \
    }                                                                                                              \
    POOL(MaxPool##n##d, "_MaxPoolNd", nn_MaxPoolArgs, kernel_size, max_pool##n##_forward, max_pool_repr)           \
    static int adaptive_max_pool##n##_forward(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out,         \
                                              int64_t n_out)                                                       \
    {                                                                                                              \
        return adaptive_pool(F_adaptive_max_pool##n##d_args, m, in, n_in, out, n_out);                             \
    }                                                                                                              \
    POOL(AdaptiveMaxPool##n##d, "_AdaptiveMaxPoolNd", nn_AdaptivePoolArgs, output_size,                            \
         adaptive_max_pool##n##_forward, adaptive_pool_repr)                                                       \
    static int adaptive_avg_pool##n##_forward(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out,         \
                                              int64_t n_out)                                                       \
    {                                                                                                              \
        return adaptive_pool(F_adaptive_avg_pool##n##d_args, m, in, n_in, out, n_out);                             \
    }                                                                                                              \
    POOL(AdaptiveAvgPool##n##d, "_AdaptiveAvgPoolNd", nn_AdaptivePoolArgs, output_size,                            \
         adaptive_avg_pool##n##_forward, adaptive_pool_repr)                                                       \
    static int max_unpool##n##_forward(nn_Module *m, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out) \
    {                                                                                                              \
        (void)n_out;                                                                                               \
        return max_unpool(F_max_unpool##n##d_args, m, in, n_in, out);                                              \
    }                                                                                                              \
    static void max_unpool##n##_repr(const nn_Module *m, char *text, size_t bytes)                                 \
    {                                                                                                              \
        max_unpool_text(m, text, bytes, n);                                                                        \
    }                                                                                                              \
    POOL(MaxUnpool##n##d, "MaxUnpool" #n "d", nn_MaxUnpoolArgs, kernel_size, max_unpool##n##_forward,              \
         max_unpool##n##_repr)
MAX_POOL(1)
MAX_POOL(2)
MAX_POOL(3)

NN_UNARY(nn_AvgPool, avg_pool1_forward, avg_pool(F_avg_pool1d_args, &m->args, x))
NN_UNARY(nn_AvgPool, avg_pool2_forward, avg_pool(F_avg_pool2d_args, &m->args, x))
NN_UNARY(nn_AvgPool, avg_pool3_forward, avg_pool(F_avg_pool3d_args, &m->args, x))
NN_UNARY(nn_LPPool, lp_pool1_forward, lp_pool(F_lp_pool1d_args, &m->args, x))
NN_UNARY(nn_LPPool, lp_pool2_forward, lp_pool(F_lp_pool2d_args, &m->args, x))
POOL(AvgPool1d, "AvgPool1d", nn_AvgPoolArgs, kernel_size, avg_pool1_forward, avg_pool1d_repr)
POOL(AvgPool2d, "AvgPool2d", nn_AvgPoolArgs, kernel_size, avg_pool2_forward, avg_pool_repr)
POOL(AvgPool3d, "AvgPool3d", nn_AvgPoolArgs, kernel_size, avg_pool3_forward, avg_pool_repr)
POOL(LPPool1d, "_LPPoolNd", nn_LPPoolArgs, kernel_size, lp_pool1_forward, lp_pool_repr)
POOL(LPPool2d, "_LPPoolNd", nn_LPPoolArgs, kernel_size, lp_pool2_forward, lp_pool_repr)
