/* Images: which decoder, and what all of them need. */
#include "image.h"

#include <string.h>

#include "file.h"
#include "ops/ops.h"

static const uint64_t MOST_PIXELS = 178956970; /* Pillow's limit for decompression bombs */

bool cer_image_room(cer_Image *i, const char *op, uint64_t width, uint64_t height, uint64_t channels)
{
    if (width == 0 || height == 0 || width > MOST_PIXELS || height > MOST_PIXELS || width * height > MOST_PIXELS)
        return cer_raise(
            TORCH_VALUE_ERROR, op,
            "Image size (%llu x %llu pixels) is zero or exceeds limit of %llu pixels, could be decompression "
            "bomb DOS attack.",
            (unsigned long long)width, (unsigned long long)height, (unsigned long long)MOST_PIXELS);
    int64_t shape[3] = {(int64_t)height, (int64_t)width, (int64_t)channels};
    i->pixels = cer_empty(torch_uint8, 3, shape);
    unsigned char **row = i->pixels ? cer_alloc((size_t)height * sizeof *row) : NULL;
    if (!i->pixels) return false;
    if (!row) return cer_raise_memory(op, (double)height * sizeof *row);
    for (uint64_t y = 0; y < height; y++) row[y] = (unsigned char *)i->pixels->data + y * width * channels;
    i->row = row;
    i->rows = (size_t)height;
    return true;
}

static bool decode(cer_Image *i)
{
    static const unsigned char png[] = {137, 'P', 'N', 'G'}, jpeg[] = {255, 216, 255};
    if (i->bytes >= sizeof png && memcmp(i->from, png, sizeof png) == 0) return cer_decode_png(i);
    if (i->bytes >= sizeof jpeg && memcmp(i->from, jpeg, sizeof jpeg) == 0) return cer_decode_jpeg(i);
    return cer_raise(TORCH_RUNTIME_ERROR, "decode_image",
                     "Unsupported image file. Only jpeg and png are currently supported.");
}

Tensor *torchvision_io_decode_image_mode(Tensor *input, torchvision_io_ImageReadMode mode)
{
    const char *op = "decode_image";
    if (cer_error_pending() || !cer_usable(input, op, 1)) return NULL;
    if (input->dtype != torch_uint8 || input->ndim != 1 || input->numel == 0)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "Expected a non empty 1-dimensional tensor"), NULL;
    if ((int)mode < TORCHVISION_IO_UNCHANGED || mode > TORCHVISION_IO_RGB_ALPHA)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "The provided mode is not supported"), NULL;
    int64_t scope = torch_scope_push();
    input = torch_contiguous(input);
    cer_Image i = {.mode = mode};
    if (input) i.from = (const unsigned char *)input->data, i.bytes = (size_t)input->numel;
    Tensor *out = input && decode(&i) ? torch_permute(i.pixels, 2, 0, 1) : NULL;
    if (i.row) cer_free(i.row, i.rows * sizeof *i.row);
    torch_escape(out);
    torch_scope_pop(scope);
    return out;
}

Tensor *torchvision_io_read_file(const char *path)
{
    if (cer_error_pending()) return NULL;
    if (!path) return cer_raise(TORCH_TYPE_ERROR, "read_file", "the path is NULL"), NULL;
    cer_File f;
    if (!cer_file_read(&f, "read_file", path, INT64_MAX)) return NULL;
    int64_t n = (int64_t)f.length;
    Tensor *t = cer_empty(torch_uint8, 1, &n);
    if (t && n) memcpy(t->data, f.text, f.length);
    cer_file_free(&f);
    return t;
}

Tensor *torchvision_io_read_image_mode(const char *path, torchvision_io_ImageReadMode mode)
{
    int64_t scope = torch_scope_push();
    Tensor *bytes = torchvision_io_read_file(path);
    Tensor *image = bytes ? torchvision_io_decode_image_mode(bytes, mode) : NULL;
    torch_escape(image);
    torch_scope_pop(scope);
    return image;
}
