#include "files.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "listing.h"
#include "tests/support.h"

Content read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f, "cannot read %s", path);
    Content c = {NULL, 0};
    size_t capacity = 0, n;
    do {
        if (c.bytes == capacity) c.data = realloc(c.data, capacity = capacity ? 2 * capacity : 4096);
        n = fread(c.data + c.bytes, 1, capacity - c.bytes, f);
        c.bytes += n;
    } while (n);
    fclose(f);
    return c;
}

void write_file(const char *path, const void *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    ck_assert_msg(f, "cannot write %s", path);
    ck_assert_uint_eq(fwrite(data, 1, bytes, f), bytes);
    ck_assert_int_eq(fclose(f), 0);
}

static const char *folder(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/cerilla-io-%ld", (long)getpid());
    mkdir(path, 0700);
    return path;
}

const char *temporary(const char *name)
{
    static char path[8][512];
    static int next;
    next = (next + 1) % 8;
    snprintf(path[next], sizeof path[next], "%s/%s", folder(), name);
    return path[next];
}

static int each_file(void (*visit)(const char *name))
{
    DIR *d = opendir(folder());
    int n = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        n++;
        if (visit) visit(e->d_name);
    }
    if (d) closedir(d);
    return n;
}

static void remove_one(const char *name)
{
    remove(temporary(name));
}

int count_temporary(void)
{
    return each_file(NULL);
}

void remove_temporary(void)
{
    each_file(remove_one);
    rmdir(folder());
}

void assert_listing(const torch_StateDict *d, const char *name)
{
    char path[128], *text;
    size_t bytes;
    ck_assert_no_error();
    ck_assert_ptr_nonnull(d);
    FILE *f = open_memstream(&text, &bytes);
    write_listing(d, f);
    fclose(f);
    snprintf(path, sizeof path, "tests/io/files/%s.txt", name);
    Content expected = read_file(path);
    size_t same = 0;
    while (same < bytes && same < expected.bytes && text[same] == (char)expected.data[same]) same++;
    ck_assert_msg(bytes == expected.bytes && same == bytes, "%s: differs from byte %zu on: %.200s", name, same,
                  same < bytes ? text + same : "(ends)");
    free(text);
    free(expected.data);
}
