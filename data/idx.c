/* IDX, the format of MNIST's files: two zeros, a type, the number of dimensions, their sizes, the elements; all big
 * endian. */
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "impl.h"
#include "ops/ops.h"
#include "vision.h"

typedef struct Header {
    torch_dtype dtype;
    int64_t ndim, shape[3], numel;
    size_t bytes, size; /* of the header; of an element */
} Header;

static bool malformed(const char *what)
{
    return cer_raise(TORCH_VALUE_ERROR, "read_sn3_pascalvincent_tensor", "not an IDX file: %s", what);
}

static bool read_header(Header *h, const unsigned char *s, size_t n)
{
    static const torch_dtype types[] = {torch_uint8,   torch_int8,   0, torch_int16, torch_int32,
                                        torch_float32, torch_float64};
    if (n < 4 || s[0] || s[1]) return malformed("its first bytes are not 0 0");
    if (s[2] < 8 || s[2] > 14 || !types[s[2] - 8]) return malformed("no such type");
    if (s[3] < 1 || s[3] > 3) return malformed("it has not 1 to 3 dimensions");
    *h = (Header){.dtype = types[s[2] - 8], .ndim = s[3], .numel = 1, .bytes = 4 + 4 * (size_t)s[3]};
    h->size = (size_t)torch_dtype_size(h->dtype);
    if (n < h->bytes) return malformed("it ends within its header");
    for (int64_t k = 0; k < h->ndim; k++) {
        const unsigned char *b = s + 4 + 4 * k;
        h->shape[k] = (int64_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
        if (__builtin_mul_overflow(h->numel, h->shape[k], &h->numel)) return malformed("its sizes are absurd");
    }
    return true;
}

static void copy_swapped(char *to, const char *from, int64_t n, size_t size)
{
    for (int64_t i = 0; i < n; i++, to += size, from += size)
        for (size_t k = 0; k < size; k++) to[k] = from[size - 1 - k];
}

static Tensor *tensor_of(const cer_File *f)
{
    Header h;
    if (!read_header(&h, (const unsigned char *)f->text, f->length)) return NULL;
    if ((uint64_t)h.numel != (f->length - h.bytes) / h.size || (f->length - h.bytes) % h.size)
        return malformed("its length is not what its header says"), NULL;
    Tensor *t = cer_empty(h.dtype, h.ndim, h.shape);
    static const uint16_t one = 1;
    bool little = *(const unsigned char *)&one;
    if (t && h.numel && little && h.size > 1) copy_swapped(t->data, f->text + h.bytes, h.numel, h.size);
    if (t && h.numel && (!little || h.size == 1)) memcpy(t->data, f->text + h.bytes, (size_t)h.numel * h.size);
    return t;
}

/* What does not fit the header is not unpacked: a small gzip file may hold a thousand times its size. */
static size_t limit_of(const char *path)
{
    cer_File f;
    Header h;
    if (!cer_file_read(&f, "read_sn3_pascalvincent_tensor", path, 16)) return 0;
    bool fine = read_header(&h, (const unsigned char *)f.text, f.length);
    cer_file_free(&f);
    uint64_t bytes = fine ? (uint64_t)h.numel : 0;
    if (!fine || bytes > (uint64_t)INT64_MAX / 16) return fine ? malformed("its sizes are absurd") : 0;
    return h.bytes + (size_t)bytes * h.size + 1;
}

Tensor *torchvision_datasets_mnist_read_sn3_pascalvincent_tensor(const char *path)
{
    if (cer_error_pending()) return NULL;
    if (!path) return cer_raise(TORCH_TYPE_ERROR, "read_sn3_pascalvincent_tensor", "the path is NULL"), NULL;
    cer_File f;
    size_t limit = limit_of(path);
    if (!limit || !cer_file_read(&f, "read_sn3_pascalvincent_tensor", path, limit)) return NULL;
    Tensor *t = tensor_of(&f);
    cer_file_free(&f);
    return t;
}

static Tensor *read_as(const char *path, const char *op, int64_t ndim)
{
    Tensor *t = torchvision_datasets_mnist_read_sn3_pascalvincent_tensor(path);
    if (t && t->dtype != torch_uint8)
        return cer_raise(TORCH_TYPE_ERROR, op, "x should be of dtype torch.uint8 instead of %s",
                         torch_dtype_str(t->dtype)),
               NULL;
    if (t && t->ndim != ndim)
        return cer_raise(TORCH_VALUE_ERROR, op, "x should have %lld dimension instead of %d", (long long)ndim, t->ndim),
               NULL;
    return t;
}

Tensor *torchvision_datasets_mnist_read_image_file(const char *path)
{
    return read_as(path, "read_image_file", 3);
}

Tensor *torchvision_datasets_mnist_read_label_file(const char *path)
{
    Tensor *t = read_as(path, "read_label_file", 1);
    return t ? torch_to(t, torch_int64) : NULL;
}

/* root/MNIST/raw/name, or name.gz; borrowed. NULL after raising. */
static const char *path_of(const char *root, const char *name)
{
    static const char inside[] = "/MNIST/raw/", packed[] = ".gz";
    size_t bytes = strlen(root) + sizeof inside + strlen(name) + sizeof packed;
    char *path = cer_pool_string(bytes);
    if (!path) return NULL;
    strcpy(path, root);
    strcat(strcat(path, inside), name);
    if (access(path, R_OK) == 0) return path;
    strcat(path, packed);
    if (access(path, R_OK) == 0) return path;
    return cer_raise(TORCH_RUNTIME_ERROR, "MNIST", "Dataset not found. You can use download=True to download it"), NULL;
}

torch_utils_data_Dataset *torchvision_datasets_MNIST(const char *root, bool train)
{
    if (cer_error_pending()) return NULL;
    if (!root) return cer_raise(TORCH_TYPE_ERROR, "MNIST", "the root is NULL"), NULL;
    int64_t scope = torch_scope_push();
    const char *images = path_of(root, train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte");
    const char *labels = images ? path_of(root, train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte") : NULL;
    Tensor *x = labels ? torchvision_datasets_mnist_read_image_file(images) : NULL;
    Tensor *y = x ? torchvision_datasets_mnist_read_label_file(labels) : NULL;
    x = y ? torch_unsqueeze(torch_div(torch_to(x, torch_float32), 255), 1) : NULL;
    torch_utils_data_Dataset *d = x ? torch_utils_data_TensorDataset(x, y) : NULL;
    torch_scope_pop(scope);
    return d;
}
