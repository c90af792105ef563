/* Draws by tensors of parameters: the walk over both, and the check of the parameters, before anything is drawn. */
#include "ops/draw.h"

void cer_no_old_value(cer_Node *n, Tensor *const *g, Tensor **in)
{
    (void)g;
    for (int64_t i = 0; i < cer_n_inputs(n); i++) {
        if (!cer_needs(n, i)) continue;
        torch_Size s = cer_input_size(n, i);
        in[i] = cer_zeros(cer_input_dtype(n, i), s.ndim, s.dim);
    }
}

typedef struct Parameters {
    torch_Generator *generator;
    cer_Loop read, write; /* p -> double, double -> out */
    cer_Draw draw;
    bool wide;
} Parameters;

static void parameters_run(int64_t n, char *const *data, const int64_t *stride, const void *param)
{
    const Parameters *p = param;
    double buffer[CER_DRAWS];
    char *in[2] = {(char *)buffer, data[1]}, *out[2] = {data[0], (char *)buffer};
    const int64_t in_stride[2] = {sizeof(double), stride[1]}, out_stride[2] = {stride[0], sizeof(double)};
    for (; n > 0; n -= CER_DRAWS) {
        int64_t k = n < CER_DRAWS ? n : CER_DRAWS;
        p->read(k, in, in_stride, NULL);
        p->draw(p->generator, buffer, k, p->wide);
        p->write(k, out, out_stride, NULL);
        in[1] += k * stride[1];
        out[0] += k * stride[0];
    }
}

bool cer_draw_by(cer_Call *c, const Tensor *p, cer_Draw draw)
{
    torch_Generator *const *generator = c->attrs;
    Tensor *out = c->out[0];
    int64_t stride[TORCH_MAX_DIM];
    cer_Iterator it;
    Parameters run = {.generator = cer_generator_lock(*generator),
                      .read = cer_kernels()->cast[torch_float64][p->dtype],
                      .write = cer_kernels()->cast[out->dtype][torch_float64],
                      .wide = p->dtype == torch_float64,
                      .draw = draw};
    cer_expand_strides(p, out->ndim, out->shape, stride);
    size_t size[2] = {(size_t)cer_size_of(out->dtype), (size_t)cer_size_of(p->dtype)};
    cer_iterator_init(&it, 2, out->ndim, out->shape, (char *const[]){out->data, p->data},
                      (const int64_t *const[]){out->stride, stride}, size, false);
    cer_iterator_run(&it, parameters_run, &run);
    cer_generator_unlock(run.generator);
    return true;
}

/* Are all parameters probabilities, or not negative? */
typedef struct Check {
    cer_Loop read;
    double top; /* probabilities: 1 */
    bool *bad;
} Check;

static void check_run(int64_t n, char *const *data, const int64_t *stride, const void *param)
{
    const Check *c = param;
    double buffer[CER_DRAWS];
    char *in[2] = {(char *)buffer, data[0]};
    const int64_t strides[2] = {sizeof(double), stride[0]};
    for (; n > 0; n -= CER_DRAWS) {
        int64_t k = n < CER_DRAWS ? n : CER_DRAWS;
        bool bad = false;
        c->read(k, in, strides, NULL);
        for (int64_t i = 0; i < k; i++) bad |= !(buffer[i] >= 0 && buffer[i] <= c->top);
        *c->bad |= bad;
        in[1] += k * stride[0];
    }
}

bool cer_any_beyond(const Tensor *t, double top)
{
    cer_Iterator it;
    bool bad = false;
    Check check = {cer_kernels()->cast[torch_float64][t->dtype], top, &bad};
    cer_iterator_init(&it, 1, t->ndim, t->shape, &t->data, (const int64_t *const[]){t->stride},
                      (const size_t[]){(size_t)cer_size_of(t->dtype)}, false);
    cer_iterator_run(&it, check_run, &check);
    return bad;
}
