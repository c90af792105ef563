/* Files read whole, through zlib, which passes what is not gzip's. */
#include "file.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

static bool raise_errno(const char *op, int error, const char *path)
{
    char quote = strchr(path, '\'') && !strchr(path, '"') ? '"' : '\'';
    return cer_raise(TORCH_OS_ERROR, op, "[Errno %d] %s: %c%s%c", error, strerror(error), quote, path, quote);
}

static bool grow(cer_File *f, const char *op)
{
    size_t block = f->block ? f->block * 2 : 1 << 16;
    char *text = block > f->block ? cer_grow(f->text, f->block, block) : NULL;
    if (!text) return cer_raise_memory(op, (double)f->block * 2);
    f->text = text;
    f->block = block;
    return true;
}

static bool ended_well(gzFile stream, const char *op, const char *path)
{
    int code = Z_OK, system = errno;
    const char *text = gzerror(stream, &code);
    if (code == Z_OK || code == Z_STREAM_END) return true;
    if (code == Z_ERRNO) return raise_errno(op, system ? system : EIO, path);
    if (code == Z_MEM_ERROR) return cer_raise_memory(op, 1 << 16);
    if (code == Z_BUF_ERROR)
        return cer_raise(TORCH_OS_ERROR, op, "Compressed file ended before the end-of-stream marker was reached");
    return cer_raise(TORCH_OS_ERROR, op, "Error %d while decompressing data: %s", code, text);
}

static bool read_stream(cer_File *f, gzFile stream, const char *op, const char *path, size_t limit)
{
    while (f->length < limit) {
        if (f->length + 1 >= f->block && !grow(f, op)) return false;
        size_t room = f->block - f->length - 1;
        if (room > limit - f->length) room = limit - f->length;
        errno = 0;
        int got = gzread(stream, f->text + f->length, room < 1 << 30 ? (unsigned)room : 1u << 30);
        if (got <= 0) break;
        f->length += (size_t)got;
    }
    if (!f->text && !grow(f, op)) return false;
    f->text[f->length] = 0;
    return ended_well(stream, op, path);
}

bool cer_file_read(cer_File *f, const char *op, const char *path, size_t limit)
{
    *f = (cer_File){0};
    errno = 0;
    gzFile stream = gzopen(path, "rb");
    if (!stream) return errno ? raise_errno(op, errno, path) : cer_raise_memory(op, 1 << 13);
    bool good = read_stream(f, stream, op, path, limit);
    gzclose(stream);
    if (!good) cer_file_free(f);
    return good;
}

void cer_file_free(cer_File *f)
{
    if (f->text) cer_free(f->text, f->block);
    *f = (cer_File){0};
}
