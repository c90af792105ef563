/* Numbers and arrays of the caller, and how they become arguments.
 *
 * A torch_Scalar is an operand that may be a tensor or a Python number; it keeps the number's kind, because PyTorch's
 * type promotion asks for it: x * 2 and x * 2.0 differ for an integer x. In C, TORCH_SCALAR(v) makes one of any value. */
#ifndef CERILLA_SCALAR_H
#define CERILLA_SCALAR_H

#include "base.h"

typedef enum torch_Kind {
    TORCH_KIND_NONE = 0, /* no operand: Python's None */
    TORCH_KIND_TENSOR,
    TORCH_KIND_BOOL,
    TORCH_KIND_INT,
    TORCH_KIND_DOUBLE
} torch_Kind;

typedef struct torch_Scalar {
    int32_t kind;     /* a torch_Kind */
    uint32_t version; /* used by the engine for saved tensors; 0 otherwise */
    union {
        Tensor *t;
        int64_t i; /* also holds a bool, as 0 or 1 */
        double d;
    } as;
} torch_Scalar;

static inline torch_Scalar torch_scalar_none(void)
{
    torch_Scalar s = {TORCH_KIND_NONE, 0, {0}};
    return s;
}
static inline torch_Scalar torch_scalar_tensor(const Tensor *t)
{
    torch_Scalar s = {TORCH_KIND_TENSOR, 0, {0}};
    s.as.t = (Tensor *)(uintptr_t)t;
    return s;
}
static inline torch_Scalar torch_scalar_bool(bool v)
{
    torch_Scalar s = {TORCH_KIND_BOOL, 0, {0}};
    s.as.i = v;
    return s;
}
static inline torch_Scalar torch_scalar_int(int64_t v)
{
    torch_Scalar s = {TORCH_KIND_INT, 0, {0}};
    s.as.i = v;
    return s;
}
static inline torch_Scalar torch_scalar_double(double v)
{
    torch_Scalar s = {TORCH_KIND_DOUBLE, 0, {0}};
    s.as.d = v;
    return s;
}
static inline torch_Scalar torch_scalar_self(torch_Scalar s)
{
    return s;
}

/* A C array of the caller: up to four dimensions, described by the macro TORCH_ARRAY. A scalar is the 0-d case. */
typedef struct torch_Array {
    const void *data;    /* row-major elements; not used when ndim is 0 */
    torch_Scalar scalar; /* the value when ndim is 0 */
    int32_t element;     /* a torch_Element */
    int32_t ndim;
    int64_t bytes[5]; /* sizeof the array, of its first element, of that one's first element, ... */
} torch_Array;

typedef enum torch_Element { /* C element types; what dtype they mean is the callee's rule */
                             TORCH_ELEMENT_BOOL = 1,
                             TORCH_ELEMENT_I8,
                             TORCH_ELEMENT_U8,
                             TORCH_ELEMENT_I16,
                             TORCH_ELEMENT_I32,
                             TORCH_ELEMENT_I64,
                             TORCH_ELEMENT_F32,
                             TORCH_ELEMENT_F64
} torch_Element;

static inline torch_Scalar torch_scalar_pointer(const void *ignored)
{
    (void)ignored;
    return torch_scalar_none();
}

#ifndef __cplusplus

/* A value (tensor, number or torch_Scalar) as torch_Scalar. */
#define TORCH_SCALAR(v) \
    _Generic((v), Tensor *: torch_scalar_tensor, const Tensor *: torch_scalar_tensor, void *: torch_scalar_tensor, \
        torch_Scalar: torch_scalar_self, bool: torch_scalar_bool, char: torch_scalar_int,                        \
        signed char: torch_scalar_int, unsigned char: torch_scalar_int, short: torch_scalar_int,                 \
        unsigned short: torch_scalar_int, int: torch_scalar_int, unsigned: torch_scalar_int,                     \
        long: torch_scalar_int, unsigned long: torch_scalar_int, long long: torch_scalar_int,                    \
        unsigned long long: torch_scalar_int, float: torch_scalar_double, double: torch_scalar_double)(v)

/* torch_list(float, 1, 2, 3): Python's [1., 2., 3.]; an array that lives as long as the block around it. */
#define torch_list(type, ...) ((type[]){__VA_ARGS__})

/* The array v as torch_Array; scalars are 0-d; pointers are refused by the compiler, since nobody knows their length.
 * TORCH_ITEM(v) is v[0] for an array and a `char` for a scalar, so that one expression serves every depth. */
extern TORCH_API const char torch_no_array[1][1];
#define TORCH_IF_NUMBER(v, yes, no) \
    _Generic((v), bool              \
             : yes, char            \
             : yes, signed char     \
             : yes, unsigned char   \
             : yes, short           \
             : yes, int             \
             : yes, long            \
             : yes, long long       \
             : yes, float           \
             : yes, double          \
             : yes, default         \
             : no)
#define TORCH_ROW(v) TORCH_IF_NUMBER(v, torch_no_array[0], v)
#define TORCH_ITEM(v) (TORCH_ROW(v)[0])
#define TORCH_ITEM2(v) TORCH_ITEM(TORCH_ITEM(v))
#define TORCH_ITEM3(v) TORCH_ITEM(TORCH_ITEM2(v))
#define TORCH_ITEM4(v) TORCH_ITEM(TORCH_ITEM3(v))
#define TORCH_DEPTH(v) \
    TORCH_IF_NUMBER(   \
        v, 0,          \
        TORCH_IF_NUMBER(TORCH_ITEM(v), 1, TORCH_IF_NUMBER(TORCH_ITEM2(v), 2, TORCH_IF_NUMBER(TORCH_ITEM3(v), 3, 4))))
#define TORCH_ELEMENT_OF(v)                                                         \
    _Generic((v), bool                                                              \
             : TORCH_ELEMENT_BOOL, char                                             \
             : TORCH_ELEMENT_I8, signed char                                        \
             : TORCH_ELEMENT_I8, unsigned char                                      \
             : TORCH_ELEMENT_U8, short                                              \
             : TORCH_ELEMENT_I16, int                                               \
             : TORCH_ELEMENT_I32, long                                              \
             : sizeof(long) == 8 ? TORCH_ELEMENT_I64 : TORCH_ELEMENT_I32, long long \
             : TORCH_ELEMENT_I64, float                                             \
             : TORCH_ELEMENT_F32, double                                            \
             : TORCH_ELEMENT_F64, default : 0)
#define TORCH_INNERMOST(v)                                    \
    (TORCH_DEPTH(v) == 0   ? TORCH_ELEMENT_OF(v)              \
     : TORCH_DEPTH(v) == 1 ? TORCH_ELEMENT_OF(TORCH_ITEM(v))  \
     : TORCH_DEPTH(v) == 2 ? TORCH_ELEMENT_OF(TORCH_ITEM2(v)) \
     : TORCH_DEPTH(v) == 3 ? TORCH_ELEMENT_OF(TORCH_ITEM3(v)) \
                           : TORCH_ELEMENT_OF(TORCH_ITEM4(v)))
#if defined(__GNUC__) /* array or pointer? an array is not of the type of a pointer to its first element */
#define TORCH_REFUSE_POINTER(v) \
    (0 * sizeof(char[1 - 2 * __builtin_types_compatible_p(__typeof__(TORCH_ROW(v)), __typeof__(&TORCH_ROW(v)[0]))]))
#else
#define TORCH_REFUSE_POINTER(v) 0
#endif
#define TORCH_NUMBER(v)                        \
    _Generic((v), bool                         \
             : torch_scalar_bool, char         \
             : torch_scalar_int, signed char   \
             : torch_scalar_int, unsigned char \
             : torch_scalar_int, short         \
             : torch_scalar_int, int           \
             : torch_scalar_int, long          \
             : torch_scalar_int, long long     \
             : torch_scalar_int, float         \
             : torch_scalar_double, double     \
             : torch_scalar_double, default    \
             : torch_scalar_pointer)(v)
#define TORCH_ARRAY(v)                                                                                             \
    ((torch_Array){TORCH_ROW(v),                                                                                   \
                   TORCH_NUMBER(v),                                                                                \
                   TORCH_INNERMOST(v),                                                                             \
                   TORCH_DEPTH(v),                                                                                 \
                   {sizeof(TORCH_ROW(v)) + TORCH_REFUSE_POINTER(v), sizeof(TORCH_ITEM(v)), sizeof(TORCH_ITEM2(v)), \
                    sizeof(TORCH_ITEM3(v)), sizeof(TORCH_ITEM4(v))}})
#endif

#endif
