/* PNG, through libpng. Its errors come back by longjmp, into functions whose locals do not change in between. */
#include <stdio.h>
#include <string.h>

#include "image.h"

#ifdef CERILLA_PNG
#include <png.h>
#include <setjmp.h>

static void failed(png_structp png, png_const_charp message)
{
    cer_Image *i = png_get_error_ptr(png);
    snprintf(i->message, sizeof i->message, "%s", message);
    png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

/* The size stands before the block, for cer_free. */
static png_voidp block_new(png_structp png, png_alloc_size_t bytes)
{
    (void)png;
    size_t all = bytes + 64;
    char *block = all > bytes ? cer_alloc(all) : NULL;
    if (!block) return NULL;
    memcpy(block, &all, sizeof all);
    return block + 64;
}

static void block_free(png_structp png, png_voidp p)
{
    size_t all;
    (void)png;
    if (!p) return;
    char *block = (char *)p - 64;
    memcpy(&all, block, sizeof all);
    cer_free(block, all);
}

static void read_bytes(png_structp png, png_bytep to, size_t n)
{
    cer_Image *i = png_get_io_ptr(png);
    if (n > i->bytes - i->at) png_error(png, "Image is incomplete or truncated");
    memcpy(to, i->from + i->at, n);
    i->at += n;
}

/* torchvision's choice of conversions; a palette becomes colours in every mode. */
static void convert(png_structp png, png_infop info, torchvision_io_ImageReadMode mode)
{
    int type = png_get_color_type(png, info);
    bool palette = type == PNG_COLOR_TYPE_PALETTE, color = type & PNG_COLOR_MASK_COLOR;
    bool alpha = type & PNG_COLOR_MASK_ALPHA || (palette && png_get_valid(png, info, PNG_INFO_tRNS));
    if (palette) png_set_palette_to_rgb(png);
    if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png);
    if (mode == TORCHVISION_IO_UNCHANGED) return;
    bool to_color = mode >= TORCHVISION_IO_RGB;
    bool to_alpha = mode == TORCHVISION_IO_GRAY_ALPHA || mode == TORCHVISION_IO_RGB_ALPHA;
    if (to_color && !color) png_set_gray_to_rgb(png);
    if (!to_color && color) png_set_rgb_to_gray(png, 1, 0.2989, 0.587);
    if (to_alpha && !alpha) png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
    if (!to_alpha && alpha) png_set_strip_alpha(png);
}

/* zlib packs at most 1032 bytes into one: what claims more is cut short, and not worth the memory. */
static bool plausible(const cer_Image *i, uint64_t row_bytes, uint64_t height)
{
    return row_bytes * height / 1100 <= i->bytes;
}

static bool begin(cer_Image *i, png_structp png, png_infop info)
{
    if (setjmp(png_jmpbuf(png))) return false;
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
    png_set_chunk_cache_max(png, 128);
    png_set_chunk_malloc_max(png, 8 << 20);
    png_set_read_fn(png, i, read_bytes);
    png_read_info(png, info);
    if (png_get_bit_depth(png, info) > 8) png_error(png, "At most 8-bit PNG images are supported currently.");
    uint64_t packed = png_get_rowbytes(png, info);
    if (!plausible(i, packed, png_get_image_height(png, info))) png_error(png, "Image is incomplete or truncated");
    convert(png, info, i->mode);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return true;
}

static bool read_rows(cer_Image *i, png_structp png)
{
    if (setjmp(png_jmpbuf(png))) return false;
    png_read_image(png, i->row);
    png_read_end(png, NULL);
    return true;
}

static bool refuse(const cer_Image *i)
{
    if (cer_error_pending()) return false;
    return strcmp(i->message, "Out of memory") == 0 || strcmp(i->message, "Insufficient memory") == 0
               ? cer_raise_memory("decode_png", (double)i->bytes)
               : cer_raise(TORCH_RUNTIME_ERROR, "decode_png", "%s", i->message[0] ? i->message : "Internal error.");
}

bool cer_decode_png(cer_Image *i)
{
    png_structp png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, i, failed, ignore, NULL, block_new, block_free);
    if (!png) return cer_raise_memory("decode_png", 4096);
    png_infop info = png_create_info_struct(png);
    bool good = info || cer_raise_memory("decode_png", 512);
    good = good && begin(i, png, info) &&
           cer_image_room(i, "decode_png", png_get_image_width(png, info), png_get_image_height(png, info),
                          png_get_channels(png, info)) &&
           read_rows(i, png);
    png_destroy_read_struct(&png, &info, NULL);
    return good || refuse(i);
}

#else

bool cer_decode_png(cer_Image *i)
{
    (void)i;
    return cer_raise(TORCH_RUNTIME_ERROR, "decode_png", "decode_png: Cerilla was built without libpng");
}

#endif
