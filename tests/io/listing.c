#include "listing.h"

#include "core/impl.h"

static void write_sizes(const int64_t *size, int n, FILE *to)
{
    fprintf(to, "\t[");
    for (int i = 0; i < n; i++) fprintf(to, "%s%lld", i ? ", " : "", (long long)size[i]);
    fprintf(to, "]");
}

static void write_bytes(const Tensor *t, int dim, const char *at, FILE *to)
{
    int64_t size = cer_size_of(t->dtype);
    for (int64_t i = 0; dim < t->ndim && i < t->shape[dim]; i++)
        write_bytes(t, dim + 1, at + i * t->stride[dim] * size, to);
    for (int64_t i = 0; dim == t->ndim && i < size; i++) fprintf(to, "%02x", (uint8_t)at[i]);
}

static const char *first_with(const torch_StateDict *d, const cer_Storage *storage)
{
    int64_t i = 0;
    while (torch_StateDict_value(d, i)->storage != storage) i++;
    return torch_StateDict_key(d, i);
}

void write_listing(const torch_StateDict *d, FILE *to)
{
    for (int64_t i = 0; i < torch_StateDict_len(d); i++) {
        const Tensor *t = torch_StateDict_value(d, i);
        fprintf(to, "%s\t%s", torch_StateDict_key(d, i), torch_dtype_str((torch_dtype)t->dtype) + strlen("torch."));
        write_sizes(t->shape, t->ndim, to);
        write_sizes(t->stride, t->ndim, to);
        fprintf(to, "\t%s\t%c%c\t", first_with(d, t->storage), t->flags & CER_PARAMETER ? 'P' : '-',
                torch_requires_grad(t) ? 'G' : '-');
        if (t->numel) write_bytes(t, 0, t->data, to);
        fprintf(to, "\n");
    }
}
