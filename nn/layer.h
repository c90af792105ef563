/* What layers are written with: Python's complaints about arguments, extra_repr, forwards. Never installed. */
#ifndef CERILLA_NN_LAYER_H
#define CERILLA_NN_LAYER_H

#include "core/repr.h"
#include "module.h"

/* Python's TypeError for a wrong number of inputs; names are those of the forward's arguments: "input target". */
bool cer_nn_arity(const nn_Module *m, int64_t n_in, int64_t required, int64_t most, const char *names);

/* The same for the required arguments of a constructor: value[i] is TORCH_NONE where the i-th of
 * "in_features out_features" is missing. */
bool cer_nn_required(const char *class_name, const char *names, const int64_t *value);
#define NN_REQUIRED(class_name, names, ...) cer_nn_required(class_name, names, (const int64_t[]){__VA_ARGS__})

/* Registers the parameters "weight" and "bias" of a normalisation, ones and zeros of that
 * shape; None when not affine. */
void cer_nn_affine(nn_Module *m, Tensor **weight, Tensor **bias, bool affine, torch_dtype dtype, int64_t ndim,
                   const int64_t *shape);

/* Is the normalized_shape there, with at most TORCH_MAX_DIM sizes? */
bool cer_nn_normalized_shape(const char *class_name, int64_t n, const int64_t *shape);

/* 1 / sqrt(fan in of the weight), between which Linear and convolutions draw their bias; 0 without inputs. */
double cer_nn_bias_bound(const Tensor *weight);

/* A module ready to use, or NULL after ending one that an error left half made: what a constructor returns. */
void *cer_nn_made(void *m);

/* "Conv2d" of the record of nn_Conv2d: what errors call the class. */
const char *cer_nn_class_name(const char *name);

/* A class whose forward takes one input: NN_UNARY(nn_ReLU, relu_forward, F_relu(x)) with
 * the module m and the input x. */
#define NN_UNARY(type, function, ...)                                                                  \
    static int function(nn_Module *self, Tensor *const *in, int64_t n_in, Tensor **out, int64_t n_out) \
    {                                                                                                  \
        (void)n_out;                                                                                   \
        if (!cer_nn_arity(self, n_in, 1, 1, "input")) return torch_error_code();                       \
        const type *m = (const type *)self;                                                            \
        Tensor *x = in[0];                                                                             \
        (void)m;                                                                                       \
        out[0] = __VA_ARGS__;                                                                          \
        return torch_error_code();                                                                     \
    }

/* A class's constructor, which copies the options a into the module m: NN_CONSTRUCTOR(ELU, nn_ELUArgs, elu_forward, elu_repr,
 * m->alpha = a.alpha). */
#define NN_CONSTRUCTOR(Class, Args, forward_, repr_, ...)                                              \
    nn_##Class *nn_##Class##_new(const Args *args)                                                     \
    {                                                                                                  \
        static const nn_Class record = NN_CLASS(nn_##Class, .forward = forward_, .extra_repr = repr_); \
        Args a = Args##_defaults();                                                                    \
        cer_args(&a, sizeof a, args);                                                                  \
        nn_##Class *m = nn_new_class(nn_##Class, &record);                                             \
        if (!m) return NULL;                                                                           \
        __VA_ARGS__;                                                                                   \
        return cer_nn_made(m);                                                                         \
    }

/* ---- extra_repr: each call adds ", name=value" to a text that began empty; a NULL name leaves "name=" out -------- */
typedef struct cer_Repr {
    char *text;
    size_t bytes;
} cer_Repr;
void cer_repr_int(cer_Repr r, const char *name, int64_t value);                     /* stride=2 */
void cer_repr_number(cer_Repr r, const char *name, double value);                   /* eps=1e-05 */
void cer_repr_bool(cer_Repr r, const char *name, bool value);                       /* bias=True */
void cer_repr_text(cer_Repr r, const char *name, const char *text);                 /* mode=nearest: bare */
void cer_repr_tuple(cer_Repr r, const char *name, int64_t n, const int64_t *value); /* kernel_size=(3, 3), (3,) */

#endif
