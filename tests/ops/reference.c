#include "reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *text = malloc((size_t)n + 1);
    if (text) text[fread(text, 1, (size_t)n, f)] = '\0';
    fclose(f);
    return text;
}

/* The line at *at, cut off; *at moves behind it. */
static char *take_line(char **at)
{
    char *line = *at, *end = strchr(line, '\n');
    if (!*line) return NULL;
    *at = end ? end + 1 : line + strlen(line);
    if (end) *end = '\0';
    return line;
}

bool reference_open(Reference *r, const char *path, int sample, const char *python)
{
    memset(r, 0, sizeof *r);
    r->text = r->at = read_file(path);
    for (char *line; r->text && (line = take_line(&r->at));)
        if (strncmp(line, "= ", 2) == 0 && sample-- == 0) return strcmp(line + 2, python) == 0;
    return false;
}

void reference_close(Reference *r)
{
    free(r->text);
    r->text = NULL;
}

static int cut_fields(char *line, char **field, int most)
{
    int n = 0;
    for (char *at = line; n < most; at++) {
        field[n++] = at;
        at = strchr(at, '\t');
        if (!at) break;
        *at = '\0';
    }
    return n;
}

bool reference_next(Reference *r, Answer *a)
{
    char *line, *field[16];
    memset(a, 0, sizeof *a);
    if (r->at[0] == '=' || !(line = take_line(&r->at))) return false;
    if (strlen(line) >= sizeof r->copy) return false;
    bool plain = strstr(line, " C\t") || strncmp(line, "-", 1) == 0;
    if (plain) strcpy(r->copy, line), line = r->copy;
    int n = cut_fields(line, field, 16);
    for (int i = 1; i < n; i++) {
        if (strcmp(field[i], "=") == 0) field[i] = r->plain[i];
        if (plain) r->plain[i] = field[i];
    }
    a->key = field[0];
    if (n > 1 && field[1][0] == '!') {
        a->error = field[1] + 2;
        return true;
    }
    if (n < 3) return false;
    a->head = field[1];
    a->values = field[2];
    a->gradients = n == 3 || strcmp(field[3], "unknown") != 0;
    for (int i = 3; i < n && a->gradients; i++)
        a->gradient[strchr(INPUT_NAMES, field[i][0]) - INPUT_NAMES] = field[i] + 2;
    return true;
}

torch_Code reference_code(const char *error, const char **text)
{
    static const struct {
        const char *name;
        torch_Code code;
    } names[] = {{"RuntimeError ", TORCH_RUNTIME_ERROR}, {"_LinAlgError ", TORCH_RUNTIME_ERROR},
                 {"TypeError ", TORCH_TYPE_ERROR},       {"ValueError ", TORCH_VALUE_ERROR},
                 {"IndexError ", TORCH_INDEX_ERROR},     {"NotImplementedError ", TORCH_NOT_IMPLEMENTED_ERROR}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i].name);
        if (strncmp(error, names[i].name, n) != 0) continue;
        *text = error + n;
        return names[i].code;
    }
    *text = error;
    return TORCH_OK;
}
