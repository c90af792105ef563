/* Windows for spectra: pointwise over 0, 1, ..., in the steps that PyTorch takes. A periodic one is that of one more, cut. */
#include "core/impl.h"
#include "ops/ops_internal.h"

static const double PI = 3.14159265358979323846;

torch_WindowArgs torch_WindowArgs_defaults(void)
{
    return (torch_WindowArgs){.struct_size = sizeof(torch_WindowArgs), .periodic = true};
}

/* 0, 1, ...; NULL where the window is known without: *done. */
static Tensor *points(const char *name, const torch_WindowArgs *a, Tensor **done)
{
    torch_dtype dtype = a->dtype ? a->dtype : torch_get_default_dtype();
    *done = NULL;
    if (cer_error_pending()) return NULL;
    if (!torch_dtype_is_floating_point(dtype))
        return cer_raise(TORCH_RUNTIME_ERROR, name,
                         "%s expects floating point dtypes, got: TensorOptions(dtype=%s, device=cpu, layout=Strided "
                         "(default), requires_grad=false (default), pinned_memory=false, memory_format=(nullopt))",
                         name, cer_cpp_name(dtype)),
               NULL;
    if (a->window_length < 0)
        return cer_raise(TORCH_RUNTIME_ERROR, name, "%s requires non-negative window_length, got window_length=%lld",
                         name, (long long)a->window_length),
               NULL;
    if (a->window_length <= 1) return *done = torch_ones_n(1, &a->window_length, dtype), NULL;
    return torch_arange_n(torch_scalar_int(0), torch_scalar_int(a->window_length + (a->periodic ? 1 : 0)),
                          torch_scalar_int(1), dtype);
}

static Tensor *finished(const torch_WindowArgs *a, Tensor *t)
{
    if (t && t->shape[0] > a->window_length) t = torch_detach(torch_narrow(t, 0, 0, a->window_length));
    return t && a->requires_grad ? torch_requires_grad_(t, true) : t;
}

static double last(const Tensor *t) /* the largest of the points */
{
    return (double)(t->shape[0] - 1);
}

static Tensor *cosine(const char *name, const torch_WindowArgs *a, double alpha, double beta)
{
    Tensor *done, *t = points(name, a, &done);
    if (t) t = torch_add_(torch_mul_(torch_cos_(torch_mul_(t, PI * 2 / last(t))), -beta), alpha);
    return finished(a, t ? t : done);
}

Tensor *torch_hann_window_args(const torch_WindowArgs *a)
{
    return cosine("hann_window", a, 0.5, 0.5);
}

Tensor *torch_hamming_window_args(const torch_WindowArgs *a)
{
    return cosine("hamming_window", a, a->alpha, a->beta);
}

Tensor *torch_blackman_window_args(const torch_WindowArgs *a)
{
    Tensor *done, *t = points("blackman_window", a, &done);
    if (t) {
        t = torch_mul_(t, PI / last(t));
        Tensor *fine = torch_mul_(torch_cos_(torch_mul(t, 4)), 0.08), *coarse = torch_cos_(torch_mul(t, 2));
        t = torch_add(torch_sub(fine, torch_mul_(coarse, 0.5)), 0.42);
    }
    return finished(a, t ? t : done);
}

Tensor *torch_bartlett_window_args(const torch_WindowArgs *a)
{
    Tensor *done, *t = points("bartlett_window", a, &done);
    if (t) {
        int64_t n = t->shape[0], rise = ((n - 1) >> 1) + 1;
        t = torch_mul_(t, 2 / last(t));
        if (!torch_add_(torch_mul_(torch_narrow(t, 0, rise, n - rise), -1), 2)) return NULL;
    }
    return finished(a, t ? t : done);
}
