/* JPEG, through libjpeg. Its errors come back by longjmp, into functions whose locals do not change in between. */
#include <stdio.h>
#include <string.h>

#include "image.h"

#ifdef CERILLA_JPEG
#include <jerror.h>
#include <jpeglib.h>
#include <setjmp.h>

typedef struct Errors {
    struct jpeg_error_mgr manager; /* first: libjpeg knows only this */
    jmp_buf back;
    char message[JMSG_LENGTH_MAX];
    bool memory;
} Errors;

static void failed(j_common_ptr c)
{
    Errors *e = (Errors *)c->err;
    e->manager.format_message(c, e->message);
    e->memory = e->manager.msg_code == JERR_OUT_OF_MEMORY;
    longjmp(e->back, 1);
}

/* Warnings of damaged data are passed over, as Pillow and torchvision do; but data that end are an error. */
static void warned(j_common_ptr c, int level)
{
    Errors *e = (Errors *)c->err;
    if (level >= 0 || e->manager.msg_code != JWRN_JPEG_EOF) return;
    snprintf(e->message, sizeof e->message, "Image is incomplete or truncated");
    longjmp(e->back, 1);
}

static bool begin(cer_Image *i, struct jpeg_decompress_struct *c, Errors *e)
{
    if (setjmp(e->back)) return false;
    jpeg_create_decompress(c);
    jpeg_mem_src(c, (unsigned char *)(uintptr_t)i->from, (unsigned long)i->bytes);
    jpeg_read_header(c, TRUE);
    if (i->mode == TORCHVISION_IO_GRAY) c->out_color_space = JCS_GRAYSCALE;
    if (i->mode == TORCHVISION_IO_RGB) c->out_color_space = JCS_RGB;
    jpeg_calc_output_dimensions(c);
    return true;
}

static bool read_rows(const cer_Image *i, struct jpeg_decompress_struct *c, Errors *e)
{
    if (setjmp(e->back)) return false;
    jpeg_start_decompress(c);
    while (c->output_scanline < c->output_height) jpeg_read_scanlines(c, i->row + c->output_scanline, 1);
    jpeg_finish_decompress(c);
    return true;
}

static void end(struct jpeg_decompress_struct *c, Errors *e)
{
    if (!setjmp(e->back)) jpeg_destroy_decompress(c);
}

bool cer_decode_jpeg(cer_Image *i)
{
    const char *op = "decode_jpeg";
    if (i->mode == TORCHVISION_IO_GRAY_ALPHA || i->mode == TORCHVISION_IO_RGB_ALPHA)
        return cer_raise(TORCH_RUNTIME_ERROR, op, "The provided mode is not supported for JPEG files");
    struct jpeg_decompress_struct c = {0};
    Errors e = {.memory = false};
    c.err = jpeg_std_error(&e.manager);
    e.manager.error_exit = failed;
    e.manager.emit_message = warned;
    bool good = begin(i, &c, &e) &&
                cer_image_room(i, op, c.output_width, c.output_height, (uint64_t)c.output_components) &&
                read_rows(i, &c, &e);
    end(&c, &e);
    if (good || cer_error_pending()) return good;
    return e.memory ? cer_raise_memory(op, (double)i->bytes) : cer_raise(TORCH_RUNTIME_ERROR, op, "%s", e.message);
}

#else

bool cer_decode_jpeg(cer_Image *i)
{
    (void)i;
    return cer_raise(TORCH_RUNTIME_ERROR, "decode_jpeg", "decode_jpeg: Cerilla was built without libjpeg");
}

#endif
