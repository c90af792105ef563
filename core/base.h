/* What every public header needs: linkage, attributes, the types everything speaks of. */
#ifndef CERILLA_BASE_H
#define CERILLA_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define TORCH_API __attribute__((visibility("default")))
#define TORCH_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define TORCH_CLEANUP(function) __attribute__((cleanup(function), unused))
#else
#define TORCH_API
#define TORCH_PRINTF(text, first)
#endif

#ifdef __cplusplus
#define TORCH_BEGIN extern "C" {
#define TORCH_END }
#else
#define TORCH_BEGIN
#define TORCH_END
#endif

#define TORCH_MAX_DIM 8      /* dimensions of a tensor, at most */
#define TORCH_NONE INT64_MIN /* Python's None where a number is expected */
#define TORCH_NAN ((double)(0.0f / 0.0f))
#define torch_nan TORCH_NAN /* torch.nan, torch.inf, torch.pi, torch.e */
#define torch_inf ((double)(1.0f / 0.0f))
#define torch_pi 3.141592653589793
#define torch_e 2.718281828459045
#define TORCH_NO_SIZES /* of an array field: none of its TORCH_MAX_DIM sizes is given */               \
    {                                                                                                  \
        TORCH_NONE, TORCH_NONE, TORCH_NONE, TORCH_NONE, TORCH_NONE, TORCH_NONE, TORCH_NONE, TORCH_NONE \
    }

/* A macro may name a variable after its line, so that two guards in one block do not clash. */
#define TORCH_JOIN_(a, b) a##b
#define TORCH_JOIN(a, b) TORCH_JOIN_(a, b)

/* Keyword arguments re-set fields of a struct that was preset with the defaults. Both compilers can warn of that;
 * it is meant. Define CERILLA_KEEP_WARNINGS to hear of it in your own initializers too. */
#if !defined(__cplusplus) && !defined(CERILLA_KEEP_WARNINGS)
#if defined(__clang__)
#pragma clang diagnostic ignored "-Winitializer-overrides"
#elif defined(__GNUC__)
#pragma GCC diagnostic ignored "-Woverride-init"
#endif
#endif

typedef struct Tensor Tensor;                   /* torch.Tensor, opaque: see tensor.h */
typedef struct torch_Generator torch_Generator; /* torch.Generator: see random.h */

/* torch.dtype. The numbers are part of the ABI. 0 means "not given". */
typedef enum torch_dtype {
    torch_dtype_none = 0,
    torch_uint8 = 1,
    torch_int8 = 2,
    torch_int16 = 3,
    torch_int32 = 4,
    torch_int64 = 5,
    torch_float16 = 6,
    torch_float32 = 7,
    torch_float64 = 8,
    torch_bool = 9,
    torch_bfloat16 = 10,
    torch_short = torch_int16,
    torch_int = torch_int32,
    torch_long = torch_int64,
    torch_half = torch_float16,
    torch_float = torch_float32,
    torch_double = torch_float64
} torch_dtype;

TORCH_BEGIN
TORCH_API const char *torch_dtype_str(torch_dtype dtype);                /* "torch.float32" */
TORCH_API size_t torch_dtype_size(torch_dtype dtype);                    /* bytes of one element; 0 for no dtype */
TORCH_API bool torch_dtype_is_floating_point(torch_dtype dtype);         /* dtype.is_floating_point */
TORCH_API torch_dtype torch_promote_types(torch_dtype a, torch_dtype b); /* torch.promote_types(a, b) */
TORCH_API torch_dtype torch_get_default_dtype(void);                     /* torch.get_default_dtype() */
TORCH_API int torch_set_default_dtype(torch_dtype dtype); /* torch.set_default_dtype(d): floating types only */
TORCH_API const char *torch_version(void);                /* "0.1.0", Cerilla's own version */
TORCH_END

#endif
