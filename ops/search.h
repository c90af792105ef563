/* Finding, counting and telling apart. Results are int64 and take no gradient where the line says nothing else. */
#ifndef CERILLA_OPS_SEARCH_H
#define CERILLA_OPS_SEARCH_H

#include "../core/autograd.h"

TORCH_BEGIN

/* ---- where --------------------------------------------------------------------------------------------------------- */
TORCH_API Tensor *torch_nonzero(Tensor *x);  /* [n, x.dim()]: the indices of what is not 0, in row order */
TORCH_API Tensor *torch_argwhere(Tensor *x); /* the same */
/* torch.nonzero(x, as_tuple=True): a column for each dimension */
TORCH_API torch_TensorList torch_nonzero_as_tuple(Tensor *x);

/* torch.searchsorted: for each value how many of the ascending `sorted` lie below it, or with right do not lie above. sorted is
 * 1-d, or has a row for each row of values. torch_searchsorted(sorted, values, .right = true), or .side = "right"; sorter: the
 * order that sorts `sorted`, as argsort gives it. "side can only be 'left' or 'right' but got ..." */
typedef struct torch_SearchsortedArgs {
    size_t struct_size;
    Tensor *sorted;
    torch_Scalar values; /* a tensor or a number */
    bool out_int32, right;
    const char *side; /* "left" or "right"; default: NULL, right decides */
    Tensor *sorter;   /* int64; default: NULL */
} torch_SearchsortedArgs;
TORCH_API torch_SearchsortedArgs torch_SearchsortedArgs_defaults(void);
TORCH_API Tensor *torch_searchsorted_args(const torch_SearchsortedArgs *args);
#define torch_searchsorted(...) torch_searchsorted_(__VA_ARGS__, )
#define torch_searchsorted_(sorted_, values_, ...)     \
    torch_searchsorted_args(&(torch_SearchsortedArgs){ \
        .sorted = sorted_, .values = TORCH_SCALAR(values_), __VA_ARGS__.struct_size = sizeof(torch_SearchsortedArgs)})
/* torch.bucketize(x, boundaries, right=False, out_int32=False): the same with the operands turned; boundaries is 1-d */
typedef struct torch_BucketizeArgs {
    size_t struct_size;
    torch_Scalar self; /* a tensor or a number */
    Tensor *boundaries;
    bool right, out_int32;
} torch_BucketizeArgs;
TORCH_API torch_BucketizeArgs torch_BucketizeArgs_defaults(void);
TORCH_API Tensor *torch_bucketize_args(const torch_BucketizeArgs *args);
#define torch_bucketize(...) torch_bucketize_(__VA_ARGS__, )
#define torch_bucketize_(self_, boundaries_, ...)                            \
    torch_bucketize_args(&(torch_BucketizeArgs){.self = TORCH_SCALAR(self_), \
                                                .boundaries = boundaries_,   \
                                                __VA_ARGS__.struct_size = sizeof(torch_BucketizeArgs)})

/* ---- counting ------------------------------------------------------------------------------------------------------ */
/* torch.bincount: how often each of 0, 1, ... occurs; with weights (or NULL) their sums, in the weights' dtype if that is
 * float32 and in float64 otherwise, with gradient. At least minlength bins */
TORCH_API Tensor *torch_bincount(Tensor *x, Tensor *weights, int64_t minlength);
/* torch.histc: counts in bins of equal width between min and max; from the smallest to the largest where these are equal */
TORCH_API Tensor *torch_histc(Tensor *x, int64_t bins, double min, double max);

/* torch.histogram(x, bins, range=None, weight=None, density=False): counts, or sums of weights, in x's dtype, float32 or float64; the
 * edges in *bin_edges. torch_histogram(x, 10, .range = (double[]){0, 1}, .bin_edges = &e); between given edges, the last included:
 * torch_histogram(x, .edges = e). "torch.histogramdd: dimension 0's range [-inf, 1] is not finite" */
typedef struct torch_HistogramArgs {
    size_t struct_size;
    Tensor *self;
    int64_t bins;
    const double *range; /* two numbers; default: NULL, from the smallest to the largest element */
    Tensor *weight;      /* of x's size and dtype; default: NULL, 1 each */
    bool density;        /* divided by the sum and by the widths */
    Tensor *edges;       /* instead of bins and range; default: NULL */
    Tensor **bin_edges;  /* default: NULL, they are not wanted */
} torch_HistogramArgs;
TORCH_API torch_HistogramArgs torch_HistogramArgs_defaults(void);
TORCH_API Tensor *torch_histogram_args(const torch_HistogramArgs *args);
#define torch_histogram(...) \
    torch_histogram_args(&(torch_HistogramArgs){.struct_size = sizeof(torch_HistogramArgs), .self = __VA_ARGS__})

/* ---- telling apart ------------------------------------------------------------------------------------------------- */
/* torch.unique: each value once, ascending; *inverse, if not NULL: which of them each element of x is; *counts: how often.
 * With a dim: slices along it. torch_unique(x), torch_unique(x, .dim = 0, .counts = &n). Its gradient is an error, as in PyTorch */
typedef struct torch_UniqueArgs {
    size_t struct_size;
    Tensor *self;
    int64_t dim; /* default: TORCH_NONE, of the flattened tensor */
    Tensor **inverse, **counts;
} torch_UniqueArgs;
TORCH_API torch_UniqueArgs torch_UniqueArgs_defaults(void);
#define TORCH_UNIQUE(...) \
    (&(torch_UniqueArgs){.dim = TORCH_NONE, .struct_size = sizeof(torch_UniqueArgs), .self = __VA_ARGS__})
TORCH_API Tensor *torch_unique_args(const torch_UniqueArgs *args);
TORCH_API Tensor *torch_unique_consecutive_args(const torch_UniqueArgs *args);
#define torch_unique(...) torch_unique_args(TORCH_UNIQUE(__VA_ARGS__))
/* torch.unique_consecutive: runs of equal elements become one */
#define torch_unique_consecutive(...) torch_unique_consecutive_args(TORCH_UNIQUE(__VA_ARGS__))

TORCH_END

#endif
