/* A file as memory, and a file replaced whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

enum { PIECE = 1 << 23 };

static bool raise_errno(int error, const char *path, const char *op)
{
    if (error == ENOMEM) return cer_raise_memory(op, 0);
    return cer_raise(TORCH_OS_ERROR, op, "[Errno %d] %s: '%s'", error, strerror(error), path);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

void cer_map_release(cer_Map *map)
{
    if (!map || atomic_fetch_sub_explicit(&map->refs, 1, memory_order_acq_rel) != 1) return;
    if (map->mapped)
        munmap(map->data, map->bytes);
    else
        cer_free(map->data, map->bytes + 1);
    cer_free(map, sizeof *map);
}

static cer_Map *map_new(size_t bytes, const char *op)
{
    cer_Map *map = cer_alloc(sizeof *map);
    if (!map) return cer_raise_memory(op, sizeof *map), NULL;
    memset(map, 0, sizeof *map);
    atomic_init(&map->refs, 1);
    map->bytes = bytes;
    return map;
}

cer_Map *cer_map_block(size_t bytes, const char *op)
{
    cer_Map *map = map_new(bytes, op);
    if (!map || (map->data = cer_alloc(bytes + 1))) return map; /* + 1: a place also for none */
    cer_free(map, sizeof *map);
    return cer_raise_memory(op, (double)bytes), NULL;
}

/* Private: what is written to a tensor stays in this process. */
static cer_Map *map_open(int file, const char *path, const char *op)
{
    struct stat s;
    if (fstat(file, &s) < 0) return raise_errno(errno, path, op), NULL;
    if (S_ISDIR(s.st_mode)) return raise_errno(EISDIR, path, op), NULL;
    if (!S_ISREG(s.st_mode)) return cer_raise(TORCH_OS_ERROR, op, "not a regular file: '%s'", path), NULL;
    if (s.st_size == 0) return cer_map_block(0, op);
    if ((uint64_t)s.st_size > PTRDIFF_MAX) return raise_errno(EFBIG, path, op), NULL;
    cer_Map *map = map_new((size_t)s.st_size, op);
    if (!map) return NULL;
    void *data = mmap(NULL, map->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
    if (data == MAP_FAILED) {
        raise_errno(errno, path, op);
        cer_free(map, sizeof *map);
        return NULL;
    }
    map->mapped = true;
    map->data = data;
    return map;
}

cer_Map *cer_map_file(const char *path, const char *op)
{
    if (cer_error_pending()) return NULL;
    if (!path) return cer_raise(TORCH_TYPE_ERROR, op, "%s(): the path is NULL", op), NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for a writer */
    if (file < 0) return raise_errno(errno, path, op), NULL;
    cer_Map *map = map_open(file, path, op);
    close(file);
    return map;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static void forget(cer_File *f)
{
    if (f->target) cer_free(f->target, f->target_bytes);
    if (f->beside) cer_free(f->beside, f->beside_bytes);
    f->target = f->beside = NULL;
}

/* The file that a symbolic link leads to is replaced, not the link. */
static bool find_target(cer_File *f)
{
    char *real = realpath(f->path, NULL);
    const char *target = real ? real : f->path;
    f->target_bytes = strlen(target) + 1;
    f->beside_bytes = f->target_bytes + 64;
    f->target = cer_alloc(f->target_bytes);
    f->beside = cer_alloc(f->beside_bytes);
    if (f->target) memcpy(f->target, target, f->target_bytes);
    free(real);
    return (f->target && f->beside) || cer_raise_memory(f->op, (double)f->beside_bytes);
}

static int open_beside(cer_File *f)
{
    static _Atomic unsigned counter;
    for (int attempt = 0; attempt < 100; attempt++) {
        snprintf(f->beside, f->beside_bytes, "%s.%ld-%u.tmp", f->target, (long)getpid(), atomic_fetch_add(&counter, 1));
        int file = open(f->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (file >= 0 || errno != EEXIST) return file;
    }
    return -1;
}

static bool raise_open(const cer_File *f, int error)
{
    const char *slash = strrchr(f->path, '/');
    if (error == ENOENT && slash)
        return cer_raise(TORCH_RUNTIME_ERROR, f->op, "Parent directory %.*s does not exist.", (int)(slash - f->path),
                         f->path);
    return raise_errno(error, f->path, f->op);
}

bool cer_file_begin(cer_File *f, const char *path, const char *op)
{
    struct stat s;
    *f = (cer_File){.path = path, .op = op};
    if (cer_error_pending()) return false;
    if (!path) return cer_raise(TORCH_TYPE_ERROR, op, "%s(): the path is NULL", op);
    bool exists = stat(path, &s) == 0;
    if (exists && S_ISDIR(s.st_mode)) return raise_errno(EISDIR, path, op);
    if (exists && !S_ISREG(s.st_mode)) return cer_raise(TORCH_OS_ERROR, op, "not a regular file: '%s'", path);
    if (exists && access(path, W_OK) < 0) return raise_errno(errno, path, op);
    if (!find_target(f)) return forget(f), false;
    int file = open_beside(f);
    if (file < 0) return raise_open(f, errno), forget(f), false;
    if (exists && fchmod(file, s.st_mode & 07777) < 0) errno = 0; /* as far as that is allowed */
    if ((f->file = fdopen(file, "wb"))) return true;
    close(file);
    unlink(f->beside);
    forget(f);
    return cer_raise_memory(op, BUFSIZ);
}

/* Has the disk begin with what is written already, so that the flush at the end waits for little. */
static void begin_flush(cer_File *f)
{
#ifdef SYNC_FILE_RANGE_WRITE
    sync_file_range(fileno(f->file), (off_t)f->flushing, (off_t)(f->at - f->flushing), SYNC_FILE_RANGE_WRITE);
#endif
    f->flushing = f->at;
}

bool cer_file_write(cer_File *f, const void *data, size_t bytes)
{
    if (cer_error_pending()) return false;
    for (const char *at = data; bytes;) {
        size_t n = bytes < PIECE ? bytes : PIECE;
        errno = 0;
        if (fwrite(at, 1, n, f->file) != n) return raise_errno(errno ? errno : EIO, f->path, f->op);
        at += n;
        bytes -= n;
        f->at += n;
        if (f->at - f->flushing >= PIECE) begin_flush(f);
    }
    return true;
}

/* The new name is on the disk once the folder is. Some file systems cannot say so; the file itself is safe then. */
static void flush_folder(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (n >= sizeof folder) return;
    memcpy(folder, path, n);
    folder[n] = '\0';
    int file = open(!slash ? "." : n ? folder : "/", O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    fsync(file);
    close(file);
}

bool cer_file_end(cer_File *f)
{
    if (!f->file) return false;
    if (!cer_error_pending() && (fflush(f->file) != 0 || fsync(fileno(f->file)) < 0))
        raise_errno(errno, f->path, f->op);
    if (fclose(f->file) != 0 && !cer_error_pending()) raise_errno(errno, f->path, f->op);
    if (!cer_error_pending() && rename(f->beside, f->target) < 0) raise_errno(errno, f->path, f->op);
    if (cer_error_pending())
        unlink(f->beside);
    else
        flush_folder(f->target);
    forget(f);
    return !cer_error_pending();
}
