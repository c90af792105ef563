/* The work of a convolution, group by group: unfolded to a product of matrices, a tile of output positions at a time. */
#include "ops/convolution.h"

enum { TILE_BYTES = 1 << 19 }; /* of unfolded input: half of a usual second-level cache */

typedef struct Conv {
    cer_Window window;                      /* of image and map */
    int64_t images, groups, channels, maps; /* channels and maps of one group */
    int64_t image, map, kernel;             /* elements of one channel */
    int type;
    int64_t size; /* of an element */
    const cer_Spatial *spatial;
    char *columns;
    size_t columns_bytes;
} Conv;

static Conv conv_of(const cer_ConvAttrs *a, const Tensor *image, const int64_t *weight, const Tensor *map)
{
    Conv v = {.images = image->shape[0], .groups = a->groups, .type = image->dtype, .size = cer_size_of(image->dtype)};
    cer_window(&v.window, a->dims, image->shape + 2, map->shape + 2, weight + 2, a->stride, a->pad, a->dilation);
    v.channels = image->shape[1] / a->groups;
    v.maps = map->shape[1] / a->groups;
    v.image = v.map = v.kernel = 1;
    for (int d = 0; d < 3; d++) {
        v.image *= v.window.in[d];
        v.map *= v.window.out[d];
        v.kernel *= v.window.kernel[d];
    }
    v.spatial = &cer_kernels()->spatial[v.type];
    return v;
}

/* With a kernel of one element the image is its own unfolding. */
static bool is_pointwise(const Conv *v)
{
    const cer_Window *w = &v->window;
    bool plain = v->kernel == 1;
    for (int d = 0; d < 3; d++) plain &= w->stride[d] == 1 && w->pad[d] == 0;
    return plain;
}

typedef struct Tile { /* some rows of output positions, or a part of one row */
    cer_Window window;
    int64_t from, to;    /* rows */
    int64_t position, n; /* its first position, and how many */
    const char *columns; /* [channels * kernel, n], rows `row` elements apart */
    int64_t row;
} Tile;

static bool tiles_begin(Conv *v, Tile *t, bool pointwise)
{
    int64_t depth = v->channels * v->kernel * v->size, width = v->window.out[2],
            rows = v->window.out[0] * v->window.out[1];
    int64_t fitting = TILE_BYTES / (depth ? depth : 1);
    t->window = v->window;
    t->from = t->to = t->position = t->n = 0;
    if (pointwise) return true;
    int64_t most = fitting >= width ? (fitting / (width ? width : 1)) * width : fitting > 64 ? fitting : 64;
    if (most > rows * width) most = rows * width;
    v->columns_bytes = (size_t)(depth * (most ? most : 1)) + 1;
    v->columns = cer_alloc(v->columns_bytes);
    return v->columns || cer_raise_memory("convolution", (double)v->columns_bytes);
}

static bool tile_next(const Conv *v, Tile *t, bool pointwise)
{
    int64_t depth = v->channels * v->kernel * v->size, width = v->window.out[2],
            rows = v->window.out[0] * v->window.out[1];
    int64_t fitting = TILE_BYTES / (depth ? depth : 1);
    t->position += t->n;
    if (t->position >= rows * width) return false;
    t->from = t->position / width;
    if (pointwise || fitting >= width) {
        int64_t more = pointwise ? rows : fitting / width;
        t->to = t->from + more < rows ? t->from + more : rows;
        t->n = (t->to - t->from) * width;
    } else { /* a part of a row: as a window of its own, shifted */
        int64_t start = t->position % width, most = fitting > 64 ? fitting : 64;
        t->to = t->from + 1;
        t->n = most < width - start ? most : width - start;
        t->window.out[2] = t->n;
        t->window.pad[2] = v->window.pad[2] - start * v->window.stride[2];
    }
    t->row = pointwise ? v->map : t->n;
    t->columns = v->columns;
    return true;
}

static void convolve_group(Conv *v, const char *image, const char *weight, char *map)
{
    Tile t;
    bool pointwise = is_pointwise(v);
    int64_t depth = v->channels * v->kernel;
    t.window = v->window;
    t.position = t.n = 0;
    while (tile_next(v, &t, pointwise)) {
        if (!pointwise) v->spatial->unfold(&t.window, v->channels, t.from, t.to, image, v->columns);
        cer_gemm(v->type, v->maps, t.n, depth, 1, weight, depth, 1, pointwise ? image : v->columns, t.row, 1, 1,
                 map + t.position * v->size, v->map, 1);
    }
}

static void transpose(Conv *v, char *image, char *weight, char *map)
{
    Tile t;
    bool pointwise = is_pointwise(v);
    int64_t depth = v->channels * v->kernel;
    t.window = v->window;
    t.position = t.n = 0;
    while (tile_next(v, &t, pointwise)) {
        cer_gemm(v->type, depth, t.n, v->maps, 1, weight, 1, depth, map + t.position * v->size, v->map, 1,
                 pointwise ? 1 : 0, pointwise ? image : v->columns, t.row, 1);
        if (!pointwise) v->spatial->fold(&t.window, v->channels, t.from, t.to, v->columns, image);
    }
}

static void weigh(Conv *v, char *image, char *weight, char *map)
{
    Tile t;
    bool pointwise = is_pointwise(v);
    int64_t depth = v->channels * v->kernel;
    t.window = v->window;
    t.position = t.n = 0;
    while (tile_next(v, &t, pointwise)) {
        if (!pointwise) v->spatial->unfold(&t.window, v->channels, t.from, t.to, image, v->columns);
        cer_gemm(v->type, v->maps, depth, t.n, 1, map + t.position * v->size, v->map, 1, pointwise ? image : v->columns,
                 1, t.row, 1, weight, depth, 1);
    }
}

/* Each image and group in turn. Which of the three is written is the caller's; the others are read. */
typedef void (*EachGroup)(Conv *v, char *image, char *weight, char *map);

static bool run(Conv *v, EachGroup work, Tensor *image, Tensor *weight, Tensor *map)
{
    Tile t;
    if (!tiles_begin(v, &t, is_pointwise(v))) return false;
    for (int64_t n = 0; n < v->images; n++)
        for (int64_t g = 0; g < v->groups; g++)
            work(v, image->data + (n * v->groups + g) * v->channels * v->image * v->size,
                 weight->data + g * v->maps * v->channels * v->kernel * v->size,
                 map->data + (n * v->groups + g) * v->maps * v->map * v->size);
    if (v->columns) cer_free(v->columns, v->columns_bytes);
    return true;
}

static void convolve(Conv *v, char *image, char *weight, char *map)
{
    if (v->channels > 1) {
        convolve_group(v, image, weight, map);
        return;
    }
    for (int64_t o = 0; o < v->maps; o++)
        v->spatial->correlate(&v->window, image, weight + o * v->kernel * v->size, map + o * v->map * v->size);
}

bool cer_convolve(const cer_ConvAttrs *a, cer_ConvPart part, Tensor *image, Tensor *weight, Tensor *map)
{
    static const EachGroup work[] = {convolve, transpose, weigh};
    Conv v = conv_of(a, image, weight->shape, map);
    return run(&v, work[part], image, weight, map);
}
