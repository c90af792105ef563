"""How each op of PyTorch's op_db is called in C: CALLS[name] takes a Call (which turns values into C text) and the sample's own
arguments, under PyTorch's names, and returns a line of C. A line that does not mention out[...] is the first and only result."""
import torch

CALLS = {}
VARIANTS_LEFT_OUT = {}  # name: variants of op_db that are another op here
DIFFERENCES = {}        # name: why some samples differ; docs/differences.md says the same
OUTPUTS_FREE = {}       # name: outputs that PyTorch does not define (indices among equals)
NO_GRADIENT = set()     # results defined up to a sign or a rotation: no gradient of theirs is compared
TEXT_FREE = {}          # name: why its error texts differ
FACTOR = {}             # name: how much looser than usual, and why


class Unsupported(Exception):
    pass


def op(*names):
    def register(function):
        for name in names:
            CALLS[name] = function
        return function
    return register


def c_name(name):
    return name.replace("F.", "F_", 1).replace(".", "_") if name.startswith("F.") else "torch_" + name.replace(".", "_")


def sizes(values):
    return ", ".join(str(int(v)) for v in values)


def array(values):
    values = list(values)
    return "(int64_t[]){%s}, %d" % (sizes(values) if values else "0", len(values))


def tensors(c, values):
    return "torch_tensors(%s)" % ", ".join(c(v) for v in values)


def unary(*names):
    for name in names:
        CALLS[name] = lambda c, x, name=name: "%s(%s)" % (c_name(name), c(x))


def binary(*names):
    for name in names:
        CALLS[name] = lambda c, x, y, name=name: "%s(%s, %s)" % (c_name(name), c(x), c(y))


def only_tensors(*values):
    if not all(isinstance(v, torch.Tensor) for v in values):
        raise Unsupported("a number where the C compiler wants a tensor")


def pair(*names):
    def call(c, x, y, name):
        only_tensors(x, y)
        return "%s(%s, %s)" % (c_name(name), c(x), c(y))
    for name in names:
        CALLS[name] = lambda c, x, y, name=name: call(c, x, y, name)


# ---- pointwise -------------------------------------------------------------------------------------------------------------

unary("abs", "exp", "log", "neg", "reciprocal", "sign", "sqrt", "tanh", "sigmoid", "F.relu")
binary("mul", "eq", "ne", "lt", "le", "gt", "ge", "pow", "__rmul__")
CALLS["__rmul__"] = lambda c, x, y: "torch_mul(%s, %s)" % (c(y), c(x))
CALLS["__radd__"] = lambda c, x, y: "torch_add(%s, %s)" % (c(y), c(x))
CALLS["__rsub__"] = lambda c, x, y: "torch_sub(%s, %s)" % (c(y), c(x))
CALLS["__rdiv__"] = lambda c, x, y: "torch_div(%s, %s)" % (c(y), c(x))
CALLS["__rpow__"] = lambda c, x, y: "torch_pow(%s, %s)" % ("torch_detach(%s)" % c(y) if isinstance(y, torch.Tensor) else c(y), c(x))


@op("add")
def add(c, x, other, alpha=None):
    return "torch_add(%s, %s)" % (c(x), c(other)) if alpha is None else "torch_add_alpha(%s, %s, %s)" % (c(x), c(other), c(alpha))


@op("div", "true_divide")
def div(c, x, other, rounding_mode=None):
    if rounding_mode:
        return "torch_div_mode(%s, %s, %s)" % (c(x), c(other), c(rounding_mode))
    return "torch_div(%s, %s)" % (c(x), c(other))


unary("ceil", "floor", "round", "trunc", "frac", "square", "rsqrt", "sgn", "positive", "deg2rad", "rad2deg", "signbit", "isnan",
      "isinf", "isfinite", "isposinf", "isneginf", "isreal", "logical_not", "bitwise_not")
binary("floor_divide", "remainder", "fmod", "copysign", "float_power", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift",
       "bitwise_right_shift")
pair("maximum", "minimum", "fmax", "fmin", "hypot", "nextafter", "heaviside", "gcd", "lcm", "ldexp", "logical_and", "logical_or",
     "logical_xor")
CALLS["__rmod__"] = lambda c, x, y: "torch_remainder(%s, %s)" % (c(y), c(x))
CALLS["__rand__"] = lambda c, x, y: "torch_bitwise_and(%s, %s)" % (c(y), c(x))
CALLS["__ror__"] = lambda c, x, y: "torch_bitwise_or(%s, %s)" % (c(y), c(x))
CALLS["__rxor__"] = lambda c, x, y: "torch_bitwise_xor(%s, %s)" % (c(y), c(x))
CALLS["round"] = lambda c, x, decimals=None: "torch_round(%s)" % c(x) if decimals is None else "torch_round_decimals(%s, %d)" % (
    c(x), decimals)


@op("sub")
def sub(c, x, other, alpha=None):
    return "torch_sub(%s, %s)" % (c(x), c(other)) if alpha is None else "torch_sub_alpha(%s, %s, %s)" % (c(x), c(other), c(alpha))


@op("rsub")
def rsub(c, x, other, alpha=None):
    if alpha not in (None, 1):
        raise Unsupported("alpha")
    return "torch_rsub(%s, %s)" % (c(x), c(other))


@op("clamp")
def clamp(c, x, min=None, max=None):
    bound = lambda b: "torch_scalar_none()" if b is None else "TORCH_SCALAR(%s)" % c(b)
    return "torch_clamp_Scalar(%s, %s, %s)" % (c(x), bound(min), bound(max))


CALLS["lerp"] = lambda c, x, end, weight: "torch_lerp(%s, %s, %s)" % (c(x), c(end), c(weight))
CALLS["where"] = lambda c, x, condition, other: "torch_where(%s, %s, %s)" % (c(condition), c(x), c(other))
CALLS["masked_fill"] = lambda c, x, mask, value: "torch_masked_fill(%s, %s, %s)" % (c(x), c(mask), c(value))


@op("addcmul")
def addcmul(c, x, y, z, value=1):
    return "torch_addcmul(%s, %s, %s, .value = %s)" % (c(x), c(y), c(z), c(value))


@op("addcdiv")
def addcdiv(c, x, y, z, value=1):
    return "torch_addcdiv(%s, %s, %s, .value = %s)" % (c(x), c(y), c(z), c(value))


@op("nan_to_num")
def nan_to_num(c, x, nan=0, posinf=None, neginf=None):
    text = "".join(", .%s = %s" % (k, c(v)) for k, v in (("nan", nan), ("posinf", posinf), ("neginf", neginf)) if v is not None)
    return "torch_nan_to_num(%s%s)" % (c(x), text)


@op("isin")
def isin(c, x, tests, assume_unique=False, invert=False):
    text = "torch_isin(%s, %s)" % (c(x), c(tests))
    return "torch_logical_not(%s)" % text if invert else text


@op("isclose")
def isclose(c, x, other, rtol=1e-5, atol=1e-8, equal_nan=False):
    only_tensors(x, other)
    return "torch_isclose(%s, %s, .rtol = %s, .atol = %s, .equal_nan = %s)" % (c(x), c(other), c(float(rtol)), c(float(atol)), c(equal_nan))


# ---- reductions --------------------------------------------------------------------------------------------------------------

def reduction(name):
    def call(c, x, dim=None, keepdim=False, dtype=None):
        text = "%s(%s" % (c_name(name), c(x))
        if isinstance(dim, int):
            text += ", .dim = %d" % dim
        elif dim is not None and len(dim):
            text += ", .dims = TORCH_DIM_LIST(%s)" % sizes(dim)
        text += ", .keepdim = true" if keepdim else ""
        return text + (", .dtype = %s" % c(dtype) if dtype else "") + ")"
    return call


for reduced in ("sum", "mean", "argmax", "argmin"):
    CALLS[reduced] = reduction(reduced)

# ---- views, joins ------------------------------------------------------------------------------------------------------------

for resized in ("view", "reshape", "expand"):
    CALLS[resized] = lambda c, x, *size, name=resized: "torch_%s_n(%s, %s)" % (
        name, c(x), ", ".join(reversed(array(size[0] if size and not isinstance(size[0], int) else size).rsplit(", ", 1))))
CALLS["permute"] = lambda c, x, dims: "torch_permute_n(%s, %d, (int64_t[]){%s})" % (c(x), len(dims), sizes(dims) or "0")
binary("expand_as", "view_as")
CALLS["transpose"] = lambda c, x, a, b: "torch_transpose(%s, %d, %d)" % (c(x), a, b)
CALLS["unsqueeze"] = lambda c, x, dim: "torch_unsqueeze(%s, %d)" % (c(x), dim)
CALLS["select"] = lambda c, x, dim, index: "torch_select(%s, %d, %d)" % (c(x), dim, index)
CALLS["narrow"] = lambda c, x, dim, start, length: "torch_narrow(%s, %d, %s, %d)" % (
    c(x), dim, "(int64_t)torch_item(%s)" % c(start) if isinstance(start, torch.Tensor) else start, length)
CALLS["squeeze"] = lambda c, x, dim=None: "torch_squeeze(%s)" % c(x) if dim is None else "torch_squeeze_dim(%s, %d)" % (c(x), dim)
CALLS["t"] = lambda c, x: "torch_t(%s)" % c(x)
CALLS["cat"] = lambda c, xs, dim=0: "torch_cat(%s, %d)" % (tensors(c, xs), dim)
CALLS["stack"] = lambda c, xs, dim=0: "torch_stack(%s, %d)" % (tensors(c, xs), dim)
CALLS["contiguous"] = lambda c, x: "torch_contiguous(%s)" % c(x)
CALLS["clone"] = lambda c, x, memory_format=None: "torch_clone(%s)" % c(x)

# ---- matrices ----------------------------------------------------------------------------------------------------------------

binary("mm", "bmm", "mv", "dot", "matmul", "__rmatmul__")
CALLS["__rmatmul__"] = lambda c, x, y: "torch_matmul(%s, %s)" % (c(y), c(x))
CALLS["F.linear"] = lambda c, x, w, b=None: "F_linear(%s, %s, %s)" % (c(x), c(w), c(b))
CALLS["addmm"] = lambda c, x, a, b, beta=1, alpha=1: "torch_addmm_n(%s, %s, %s, %s, %s)" % (c(x), c(a), c(b), c(beta), c(alpha))
