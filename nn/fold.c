/* nn.Unfold and nn.Fold. */
#include "layer.h"

nn_UnfoldArgs nn_UnfoldArgs_defaults(void)
{
    return (nn_UnfoldArgs){.struct_size = sizeof(nn_UnfoldArgs), .kernel_size = TORCH_NONE, .dilation = 1, .stride = 1};
}

nn_FoldArgs nn_FoldArgs_defaults(void)
{
    return (nn_FoldArgs){.struct_size = sizeof(nn_FoldArgs),
                         .output_size = TORCH_NONE,
                         .kernel_size = TORCH_NONE,
                         .dilation = 1,
                         .stride = 1};
}

static F_UnfoldArgs functional(const nn_FoldArgs *o, Tensor *x)
{
    F_UnfoldArgs f = {.struct_size = sizeof f,
                      .input = x,
                      .kernel_size = o->kernel_size,
                      .dilation = o->dilation,
                      .padding = o->padding,
                      .stride = o->stride,
                      .kernel_sizes = o->kernel_sizes,
                      .dilations = o->dilations,
                      .paddings = o->paddings,
                      .strides = o->strides};
    f.output_size = o->output_sizes.n ? o->output_sizes : F_EACH(o->output_size, o->output_size);
    return f;
}

NN_UNARY(nn_Unfold, unfold_forward, F_unfold_args(&(F_UnfoldArgs[]){functional(&m->options, x)}[0]))
NN_UNARY(nn_Fold, fold_forward, F_fold_args(&(F_UnfoldArgs[]){functional(&m->options, x)}[0]))

static void repr_each(cer_Repr r, const char *name, int64_t one, const F_Each *each)
{
    if (each->n)
        cer_repr_tuple(r, name, each->n < 3 ? each->n : 3, each->size);
    else
        cer_repr_int(r, name, one);
}

static void unfold_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_FoldArgs *o = &((const nn_Fold *)self)->options;
    cer_Repr r = {text, bytes};
    repr_each(r, "kernel_size", o->kernel_size, &o->kernel_sizes);
    repr_each(r, "dilation", o->dilation, &o->dilations);
    repr_each(r, "padding", o->padding, &o->paddings);
    repr_each(r, "stride", o->stride, &o->strides);
}

static void fold_repr(const nn_Module *self, char *text, size_t bytes)
{
    const nn_FoldArgs *o = &((const nn_Fold *)self)->options;
    repr_each((cer_Repr){text, bytes}, "output_size", o->output_size, &o->output_sizes);
    unfold_repr(self, text, bytes);
}

static const nn_Class unfold_class = NN_CLASS(nn_Unfold, .forward = unfold_forward, .extra_repr = unfold_repr);
static const nn_Class fold_class = NN_CLASS(nn_Fold, .forward = fold_forward, .extra_repr = fold_repr);

/* The size that stands for a required option: that of the list, if there is one. */
static int64_t given(int64_t one, const F_Each *each)
{
    return each->n ? each->size[0] : one;
}

nn_Unfold *nn_Unfold_new(const nn_UnfoldArgs *args)
{
    nn_UnfoldArgs a = nn_UnfoldArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!NN_REQUIRED("Unfold", "kernel_size", given(a.kernel_size, &a.kernel_sizes))) return NULL;
    nn_Unfold *m = nn_new_class(nn_Unfold, &unfold_class);
    if (m)
        m->options = (nn_FoldArgs){.kernel_size = a.kernel_size,
                                   .dilation = a.dilation,
                                   .padding = a.padding,
                                   .stride = a.stride,
                                   .kernel_sizes = a.kernel_sizes,
                                   .dilations = a.dilations,
                                   .paddings = a.paddings,
                                   .strides = a.strides};
    return m;
}

nn_Fold *nn_Fold_new(const nn_FoldArgs *args)
{
    nn_FoldArgs a = nn_FoldArgs_defaults();
    cer_args(&a, sizeof a, args);
    if (!NN_REQUIRED("Fold", "output_size kernel_size", given(a.output_size, &a.output_sizes),
                     given(a.kernel_size, &a.kernel_sizes)))
        return NULL;
    nn_Fold *m = nn_new_class(nn_Fold, &fold_class);
    if (m) m->options = a;
    return m;
}
