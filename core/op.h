/* Op records and the one function that runs them: the seam between core and the floors above. Never installed.
 *
 * An op is a `const cer_Op`: its name, what shapes and dtypes it takes and gives, how it is computed, its vjp
 * (vector-Jacobian product: gradients of the inputs from those of the outputs, in public ops, so that it can be
 * differentiated again), and what the vjp reads. cer_call() does for every op what is the same
 * for all: errors, scopes, grad mode, recording. It never asks which op it has; if it had to, the record lacks a field. */
#ifndef CERILLA_OP_H
#define CERILLA_OP_H

#include "autograd.h"
#include "ops/kernels/kernels.h"

typedef struct cer_Op cer_Op;
typedef struct cer_Call cer_Call;
typedef struct cer_Node cer_Node;

/* A tensor to be made: filled by the shape rule. */
typedef struct cer_Form {
    uint8_t dtype, ndim;
    bool strided; /* stride and offset count: always for views, for others if not contiguous */
    int64_t shape[TORCH_MAX_DIM], stride[TORCH_MAX_DIM], offset; /* offset in elements, from the input's first */
} cer_Form;

enum { CER_OUTPUTS = 4 }; /* that an op may have */

struct cer_Call { /* one running op, on the stack */
    const cer_Op *op;
    torch_Scalar *in; /* operands: tensors, numbers, or none */
    int64_t n_in;
    const void *attrs; /* options: a struct of the op's own */
    size_t attrs_bytes;
    uint8_t common;             /* pointwise: the promoted type, found by the shape rule */
    int64_t part;               /* cer_call_views: which view the shape rule is asked for; it fills form[0] */
    Tensor *self;               /* in place: the tensor that is written (also in[0]), or NULL */
    cer_Form form[CER_OUTPUTS]; /* of the outputs */
    Tensor *out[CER_OUTPUTS];
};

/* How a pointwise op finds its result dtype. SILENT: as SAME, but parameters have no say. */
typedef enum cer_Rule { CER_SAME, CER_FLOAT, CER_COMPARE, CER_SILENT } cer_Rule;

enum {                            /* cer_Op.flags */
       CER_NONDIFFERENTIABLE = 1, /* no vjp, and none is due */
       CER_VIEW = 2,              /* the output shows the memory of in[0] */
       CER_INPLACE = 4,           /* writes in[0] and returns it */
       CER_RESTRIDE = 8,          /* in place, but changes only shape and stride (transpose_) */
       CER_MAY_OVERLAP = 32       /* in place, and all elements become the same: several of them may lie in one place */
};
#define CER_SAVE(i) (1u << (i))
#define CER_SAVE_OUTPUT(k) (1u << (8 + (k)))

struct cer_Op {
    const char *name;      /* "mul"; in messages */
    const char *grad_name; /* "MulBackward0" */
    const char *
        grad_name_number; /* where PyTorch has another: the last operand is a number, or the only one is written; or NULL */
    const char *schema;          /* "mul.Tensor(Tensor self, Tensor other) -> Tensor" */
    bool (*shape)(cer_Call *c);  /* checks operands and fills c->form; raises and returns false */
    bool (*kernel)(cer_Call *c); /* computes c->out; NULL for views. Raises before it writes */
    void (*vjp)(cer_Node *n, Tensor *const *g,
                Tensor **in); /* fills in[i] where cer_needs(n, i); may leave NULL (zero) */
    uint16_t saves[3]; /* for the gradient of input i: which values vjp reads. Inputs beyond the third: as the third */
    uint8_t n_outputs;
    uint8_t indices; /* bit k: output k is an index, a count or the like, and takes no gradient */
    uint8_t flags;
    uint8_t rule;     /* pointwise: a cer_Rule */
    uint8_t n_params; /* pointwise: scalar parameters of the loop; attrs begins with that many torch_Scalar */
    uint16_t attrs_bytes;
    uint16_t loop;        /* pointwise: KERNEL_... */
    bool in_rows;         /* pointwise: the result is contiguous, however the operands are laid out */
    uint8_t mask;         /* pointwise: 1 + the operand that is a mask: bool, and no part of the promotion; or 0 */
    const char *dispatch; /* pointwise: PyTorch's name of the kernel, for "... not implemented", if not the op's own */
    void (*end)(cer_Node *n, bool last); /* drops what attrs hold: after a backward, and at the node's end (last) */
};

/* Runs an op. Results are borrowed. NULL (all of them) on error, or while an error is pending. */
Tensor *cer_call(const cer_Op *op, torch_Scalar *in, int64_t n_in, const void *attrs);
Tensor *cer_call_two(const cer_Op *op, torch_Scalar *in, int64_t n_in, const void *attrs, Tensor **second);
/* All outputs of an op that has several, into out[0..n_outputs); all NULL on error. False on error. */
bool cer_call_many(const cer_Op *op, torch_Scalar *in, int64_t n_in, const void *attrs, Tensor **out);
Tensor *cer_call_sized(const cer_Op *op, torch_Scalar *in, int64_t n_in, const void *attrs,
                       size_t attrs_bytes); /* attrs of any size */

/* An op that returns several views of x (unbind, split): one node with n outputs, each of which shows a part of x. They may
 * not be written in place while that is recorded. out[0..n); all NULL and false on error. */
bool cer_call_views(const cer_Op *op, Tensor *x, int64_t n, const void *attrs, Tensor **out);
/* The same as a list, and with attrs of any size. */
torch_TensorList cer_list_views(const cer_Op *op, Tensor *x, int64_t n, const void *attrs, size_t attrs_bytes);

/* Room for n tensors, all NULL, in the innermost scope: to be filled, then returned as torch_TensorList. NULL: raised. */
Tensor **cer_list_room(const char *op, int64_t n);
static inline torch_TensorList cer_no_list(void) /* after an error */
{
    torch_TensorList list = {NULL, -1};
    return list;
}

/* The same for the usual small numbers of operands. */
static inline Tensor *cer_call1(const cer_Op *op, const Tensor *a, const void *attrs)
{
    torch_Scalar in[1] = {torch_scalar_tensor(a)};
    return cer_call(op, in, 1, attrs);
}
static inline Tensor *cer_call2(const cer_Op *op, const Tensor *a, const Tensor *b, const void *attrs)
{
    torch_Scalar in[2] = {torch_scalar_tensor(a), torch_scalar_tensor(b)};
    return cer_call(op, in, 2, attrs);
}
static inline Tensor *cer_call3(const cer_Op *op, const Tensor *a, const Tensor *b, const Tensor *c, const void *attrs)
{
    torch_Scalar in[3] = {torch_scalar_tensor(a), torch_scalar_tensor(b), torch_scalar_tensor(c)};
    return cer_call(op, in, 3, attrs);
}

/* ---- memory (alloc.c) -----------------------------------------------------------------------------------------------
 * Blocks of any size, 64-byte aligned; small ones come from a per-thread free list. NULL when out of memory, without
 * raising: cer_raise_memory() does that where the op is known. The caller remembers the size. */
void *cer_alloc(size_t bytes);
void cer_free(void *block, size_t bytes);
void *cer_grow(void *block, size_t old_bytes, size_t new_bytes); /* moves the content; block stays valid on failure */
char *cer_pool_string(size_t bytes); /* memory that the innermost scope owns, aligned to 8 bytes; raises */

/* ---- for shape rules and kernels --------------------------------------------------------------------------------- */
static inline bool cer_false(int code)
{
    (void)code;
    return false;
}
#define cer_raise(...) cer_false(torch_error_raise(__VA_ARGS__)) /* always false */
bool cer_raise_memory(const char *op, double bytes);             /* PyTorch's words; returns false */
bool cer_error_pending(void);
uint32_t cer_warnings_epoch(void);                              /* changes when warnings may be given again */
bool cer_usable(const Tensor *t, const char *op, int position); /* not NULL, alive; else raises */
void cer_form(cer_Form *form, torch_dtype dtype, int64_t ndim, const int64_t *shape); /* contiguous */
void cer_form_like(cer_Form *form, torch_dtype dtype, const Tensor *like,
                   bool contiguous); /* its sizes, and unless contiguous its strides */
void cer_form_strides_like(cer_Form *form,
                           const int64_t *stride); /* without gaps, dimensions in the order of these strides */
void cer_form_strides_of(cer_Form *form, int n,
                         const int64_t *const *stride); /* the same by n operands, the first first */
bool cer_form_checked(cer_Form *form, const char *op, torch_dtype dtype, int64_t ndim,
                      const int64_t *shape); /* caller's sizes */
bool cer_numel_of(const char *op, int64_t ndim, const int64_t *shape, size_t element,
                  int64_t *numel);                                              /* raises on overflow */
bool cer_wrap_dim(const char *op, int64_t dim, int64_t ndim, int64_t *wrapped); /* -1 -> ndim - 1; IndexError */
bool cer_broadcast(const char *op, int64_t *ndim, int64_t *shape, int64_t other_ndim,
                   const int64_t *other);                                                      /* into shape */
bool cer_expand_strides(const Tensor *t, int64_t ndim, const int64_t *shape, int64_t *stride); /* false: does not fit */
const char *cer_type_name(torch_dtype dtype); /* as in messages of ATen: "Float" */
const char *cer_cpp_name(torch_dtype dtype);  /* as in those that print the C++ type: "long int" */
const char *cer_shape_text(int64_t ndim, const int64_t *shape, char *text, size_t bytes); /* "[2, 3]"; returns text */
const char *cer_size_text(const Tensor *t, char *text, size_t bytes);                     /* the same of t */

/* ---- for vjps ---------------------------------------------------------------------------------------------------- */
bool cer_needs(const cer_Node *n, int64_t i);     /* does input i want a gradient? */
torch_Scalar cer_saved(cer_Node *n, int64_t i);   /* input i; raises if it was changed since */
Tensor *cer_saved_tensor(cer_Node *n, int64_t i); /* the same, when it is known to be a tensor */
Tensor *cer_saved_output(cer_Node *n, int64_t k); /* output k */
const void *cer_attrs(const cer_Node *n);
torch_Size cer_input_size(const cer_Node *n, int64_t i); /* shape of input i, where cer_needs(n, i) */
torch_dtype cer_input_dtype(const cer_Node *n, int64_t i);
torch_Size cer_output_size(const cer_Node *n, int64_t k);
int64_t cer_n_inputs(const cer_Node *n);
int64_t cer_n_outputs(const cer_Node *n);

void cer_no_formula(const cer_Node *n);       /* raises "derivative for aten::... is not implemented" */
const char *cer_grad_name(const cer_Node *n); /* what PyTorch prints as grad_fn */

/* ---- pointwise (pointwise.c) ------------------------------------------------------------------------------------- */
bool cer_pointwise_shape(cer_Call *c);
bool cer_pointwise_kernel(cer_Call *c);
torch_dtype cer_result_type(const torch_Scalar *in, int64_t n); /* torch.result_type */

/* ---- the iterator (iterator.c) ----------------------------------------------------------------------------------- */
enum { CER_OPERANDS = 4 };
typedef struct cer_Iterator {
    int n; /* operands; [0] is the output */
    int64_t ndim;
    int64_t shape[TORCH_MAX_DIM + 1];                /* merged; dimension 0 is the innermost */
    int64_t stride[TORCH_MAX_DIM + 1][CER_OPERANDS]; /* in bytes */
    char *data[CER_OPERANDS];
    uint8_t element[CER_OPERANDS]; /* bytes */
} cer_Iterator;
/* Operands of one shape (strides in elements, 0 where broadcast). Orders dimensions by stride and merges what can be. */
void cer_iterator_init(cer_Iterator *it, int n, int64_t ndim, const int64_t *shape, char *const *data,
                       const int64_t *const *stride, const size_t *element, bool reduction);
void cer_iterator_run(const cer_Iterator *it, cer_Loop loop, const void *param);
void cer_iterator_copy(const cer_Iterator *it, int to, int from); /* of those types: operand 1 to operand 0 */
/* Dimension 0 as the runs of a block, 1 beside it, the rest as more blocks. */
void cer_iterator_blocks(const cer_Iterator *it, cer_BlockLoop loop, const void *param);
/* The same for tensors. A reduction: of what is left of x (see cer_reduced_form) there are n outputs; the first is the
 * loop's operand 0, x is 1, the others follow. Along a dimension: n operands of one shape. Nothing happens where there are
 * no elements. */
void cer_reduce(cer_BlockLoop loop, const void *param, const Tensor *x, int n, Tensor *const *out, uint32_t reduced,
                uint32_t kept);
void cer_run_along(cer_BlockLoop loop, const void *param, int64_t dim, bool backwards, int n, Tensor *const *operand);

/* ---- what the engine itself needs: records of core (engine_ops.c) ------------------------------------------------ */
extern const cer_Op cer_op_add, cer_op_expand, cer_op_sum, cer_op_to, cer_op_clone, cer_op_copy_, cer_op_fill_,
    cer_op_empty, cer_op_accumulate, cer_op_detach, cer_op_as_strided, cer_op_as_strided_backward, cer_op_copy_slices;
typedef struct cer_SumAttrs {
    uint32_t reduced; /* bit d: dimension d is summed up... */
    uint32_t kept;    /* ... and stays, with size 1 */
    uint8_t dtype;    /* of the result */
} cer_SumAttrs;
typedef struct cer_SizeAttrs {
    uint8_t dtype; /* where the op makes something new */
    int64_t ndim;
    int64_t size[TORCH_MAX_DIM];
} cer_SizeAttrs;
typedef struct cer_CloneAttrs {
    bool contiguous; /* else the strides are kept where they are dense */
} cer_CloneAttrs;
Tensor *cer_empty(torch_dtype dtype, int64_t ndim, const int64_t *shape); /* uninitialised, borrowed */
Tensor *cer_zeros(torch_dtype dtype, int64_t ndim, const int64_t *shape);
Tensor *cer_sum_to(Tensor *t, int64_t ndim, const int64_t *shape); /* undoes a broadcast: t.sum_to_size(shape) */
Tensor *cer_to(Tensor *t, torch_dtype dtype);                      /* t.to(dtype); t itself when it has it */
bool cer_convert(void *to, torch_dtype to_type, const void *from, torch_dtype from_type,
                 int64_t n); /* raw, contiguous */
bool cer_scalar_as(torch_Scalar s, torch_dtype dtype,
                   void *element); /* one number as an element; false if it is a tensor */
bool cer_number_fits(const char *op, torch_Scalar s,
                     torch_dtype dtype); /* raises "value cannot be converted to type uint8_t without overflow" */
void cer_copy_elements(Tensor *to, const Tensor *from,
                       const int64_t *from_stride); /* with conversion; strides: broadcast */
void cer_fill_elements(Tensor *to, torch_Scalar number);
bool cer_reduced_form(const cer_Call *c, uint32_t reduced, uint32_t kept, torch_dtype dtype, cer_Form *form);
bool cer_sum_kernel(cer_Call *c);        /* attrs: cer_SumAttrs first */
bool cer_sum_by(cer_Call *c, int block); /* with the loop BLOCK_sum, BLOCK_nansum or BLOCK_prod */
bool cer_sum_shape(cer_Call *c);
void cer_sum_vjp(cer_Node *n, Tensor *const *g, Tensor **in);
Tensor *cer_restore_dims(Tensor *g, torch_Size size, uint32_t reduced, uint32_t kept); /* a reduction's way back */
uint32_t cer_all_dims(int64_t ndim);
int64_t cer_reduced_count(torch_Size size, uint32_t reduced); /* how many elements become one */

#endif
