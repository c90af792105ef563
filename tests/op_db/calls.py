"""How each op of PyTorch's op_db is called in C. Most calls follow from the public headers: a macro over an args struct takes
positional arguments and keywords, a plain function its parameters in order (generic below). CALLS holds those that are written
differently: name -> function of a Call (which turns values into C text) and the sample's own arguments. A line that does not
mention out[...] is the first and only result."""
import os
import re
import sys

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs"))
from headers import ROOT, entries, public_headers  # noqa: E402

CALLS = {}
VARIANTS_LEFT_OUT = {"normal": ("number_mean",)}  # name: variants of op_db whose arguments come in another order
DIFFERENCES = {         # name: why some samples differ; docs/differences.md says the same
    "aminmax": "keepdim of a 0-d tensor along dim 0 gives it a dimension in PyTorch",
    "linalg.det": "gradients at singular matrices", "logcumsumexp": "a gradient that is exact here",
    "linalg.vector_norm": "PyTorch rounds ord to float32",
}
ONLY_FIRST = {"linalg.lstsq"}  # of several outputs there is only the first here
OUTPUTS_FREE = {        # name: outputs that PyTorch does not define (indices among equals)
    "topk": (1,), "kthvalue": (1,), "median": (1,), "nanmedian": (1,), "mode": (1,), "sort": (1,), "msort": (), "cummax": (1,), "cummin": (1,)}
EXPORTED = set()        # filled by run.py
NO_GRADIENT = set()     # results defined up to a sign or a rotation: no gradient of theirs is compared
TEXT_FREE = {}          # name: why its error texts differ
FACTOR = {}             # name: how much looser than usual, and why


class Unsupported(Exception):
    pass


# ---- from the headers ------------------------------------------------------------------------------------------------------

MACROS, FUNCTIONS, STRUCTS, TENSORS, TENSOR_FIELDS, TEXT_FIELDS = set(), {}, {}, {}, set(), set()  # TENSORS: which parameters are tensors
for header in public_headers():
    for entry in entries(header):
        if entry.macro:
            MACROS.add(entry.name)
            parameters = re.search(r"\((.*)\)", entry.text).group(1)
            if "..." not in parameters:
                FUNCTIONS.setdefault(entry.name, [p.strip() for p in parameters.split(",")])
        else:
            parameters = re.search(r"%s\((.*)\)" % entry.name, entry.text, re.S).group(1)
            FUNCTIONS.setdefault(entry.name, [re.sub(r".*[ *]", "", p.strip()) for p in parameters.split(",")])
            TENSORS[entry.name] = [k for k, p in enumerate(parameters.split(",")) if "Tensor *" in p]
    source = open(os.path.join(ROOT, header)).read()
    MACROS |= set(re.findall(r"^#define (\w+)(?!\w|\()", source, re.M))
    for body, name in re.findall(r"typedef struct \w+ \{(.*?)\} (\w+);", source, re.S):
        body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
        fields = [re.sub(r"[\s*]|\[.*", "", f) for line in body.split(";") if line.strip()
                  for f in re.sub(r"^\s*(const )?\w+ ", "", line.strip() + " ", count=1).split(",")]
        STRUCTS[name] = [f for f in fields if f and f != "struct_size"]
        for line in body.split(";"):
            if line.strip().startswith("Tensor *"):
                TENSOR_FIELDS |= set(re.findall(r"\*(\w+)", line))
            if line.strip().startswith("const char *"):
                TEXT_FIELDS |= set(re.findall(r"\*(\w+)", line))


def c_name(name):
    return name.replace("F.", "F_", 1).replace(".", "_") if name.startswith("F.") else "torch_" + name.replace(".", "_")


def fields_of(function):
    """The fields of the args struct under a macro, or None."""
    beneath = FUNCTIONS.get(function + "_args")
    if beneath is None:
        return None
    for header in public_headers():
        m = re.search(r"%s_args\((?:\w+ )*const (\w+) \*" % function, open(os.path.join(ROOT, header)).read())
        if m:
            return STRUCTS.get(m.group(1))
    return None


def keyword(c, fields, name, value, function):
    if isinstance(value, (tuple, list)) and name == "dim" and "dims" in fields:
        return ".dims = TORCH_DIM_LIST(%s)" % sizes(value) if len(value) else None
    if isinstance(value, (tuple, list)) and name + "s" in fields and all(isinstance(v, int) for v in value):
        return ".%ss = F_EACH(%s)" % (name, sizes(value)) if len(value) else None
    if name == "padding" and value in ("same", "valid"):
        return ".padding = F_" + value.upper()
    if isinstance(value, str) and name not in TEXT_FIELDS:
        raise Unsupported("%s: a text for a number" % name)
    if isinstance(value, torch.Tensor) != (name in TENSOR_FIELDS) and value is not None:
        raise Unsupported("%s: a tensor for a number, or a number for a tensor" % name)
    if name not in fields:
        raise Unsupported("%s has no option %s" % (function, name))
    return ".%s = %s" % (name, c(value))


def generic(name, function=None):
    function = function or c_name(name)
    fields, parameters = fields_of(function), FUNCTIONS.get(function)
    if fields is None and parameters is None:
        return None

    def call(c, *args, **kwargs):
        if kwargs.get("out") is not None:
            raise Unsupported("out=")
        kwargs = {k: v for k, v in kwargs.items() if v is not None and k not in ("out", "layout", "device", "memory_format")}
        if fields is None:
            if any(k < len(args) and isinstance(args[k], (int, float)) for k in TENSORS.get(function, ())):
                raise Unsupported("a number where a tensor is wanted")
            values = [c(v) for v in args]
            for p in parameters[len(values):]:
                if p not in kwargs:
                    raise Unsupported("%s needs %s" % (function, p))
                values.append(c(kwargs.pop(p)))
            if kwargs or len(values) > len(parameters):
                raise Unsupported("%s takes no %s" % (function, ", ".join(kwargs) or "more arguments"))
            return "%s(%s)" % (function, ", ".join(values))
        words = []
        for field, value in zip(fields, args):
            if value is None and words:
                continue
            if not words and field in TENSOR_FIELDS and not isinstance(value, torch.Tensor):
                raise Unsupported("a number where a tensor is wanted")
            words.append(c(value) if not words else keyword(c, fields, field, value, function))
        if len(args) > len(fields):
            raise Unsupported("%s takes no more arguments" % function)
        words += [keyword(c, fields, k, v, function) for k, v in kwargs.items()]
        return "%s(%s)" % (function, ", ".join(w for w in words if w))
    return call


def check_names(text):
    """All functions of a line exist."""
    for name in re.findall(r"\b((?:torch|F)_\w+)\(", text):
        if name not in EXPORTED and not (name in MACROS and (name + "_args" in EXPORTED or name + "_args" not in FUNCTIONS)):
            raise Unsupported("no " + name)


NO_TENSOR = ("equal", "allclose", "broadcast_shapes", "empty_like", "empty", "new_empty", "new_empty_strided", "rand_like")  # no tensor, or none with defined values


def call_of(name):
    if name in NO_TENSOR:
        return None
    return CALLS.get(name) or generic(name)


# ---- written by hand -----------------------------------------------------------------------------------------------------

def op(*names):
    def register(function):
        for name in names:
            CALLS[name] = function
        return function
    return register


def sizes(values):
    return ", ".join(str(int(v)) for v in values)


def dims(values):
    """A list of numbers as count and array."""
    values = list(values)
    return "%d, (int64_t[]){%s}" % (len(values), sizes(values) or "0")


def flat(values):
    return values[0] if len(values) == 1 and not isinstance(values[0], int) else values


def tensors(c, values):
    return "torch_tensors(%s)" % ", ".join(c(v) for v in values)


def into_list(text):
    return "torch_TensorList l = %s; for (int64_t k = 0; k < l.length && k < OUT; k++) out[k] = l.tensor[k]" % text


def flag(value):
    return "true" if value else "false"


for _python, _c in (("__rmul__", "mul"), ("__radd__", "add"), ("__rsub__", "sub"), ("__rdiv__", "div"), ("__rmatmul__", "matmul"),
                    ("__rmod__", "remainder"), ("__rand__", "bitwise_and"), ("__ror__", "bitwise_or"), ("__rxor__", "bitwise_xor")):
    CALLS[_python] = lambda c, x, y, _c=_c: "torch_%s(%s, %s)" % (_c, c(y), c(x))
CALLS["__rpow__"] = lambda c, x, y: "torch_pow(%s, %s)" % ("torch_detach(%s)" % c(y) if isinstance(y, torch.Tensor) else c(y), c(x))
CALLS["add"] = lambda c, x, y, alpha=None: "torch_add(%s, %s)" % (c(x), c(y)) if alpha is None else \
    "torch_add_alpha(%s, %s, %s)" % (c(x), c(y), c(alpha))
CALLS["sub"] = lambda c, x, y, alpha=None: "torch_sub(%s, %s)" % (c(x), c(y)) if alpha is None else \
    "torch_sub_alpha(%s, %s, %s)" % (c(x), c(y), c(alpha))
CALLS["rsub"] = lambda c, x, y, alpha=None: "torch_sub(%s, %s)" % (c(y), c(x)) if alpha is None else \
    "torch_sub_alpha(%s, %s, %s)" % (c(y), c(x), c(alpha))
CALLS["div"] = CALLS["true_divide"] = lambda c, x, y, rounding_mode=None: "torch_div(%s, %s)" % (c(x), c(y)) if rounding_mode is None else \
    "torch_div_mode(%s, %s, %s)" % (c(x), c(y), c(rounding_mode))
CALLS["round"] = lambda c, x, decimals=None: "torch_round(%s)" % c(x) if decimals is None else "torch_round_decimals(%s, %d)" % (c(x), decimals)
CALLS["logit"] = lambda c, x, eps=None: "torch_logit(%s)" % c(x) if eps is None else "torch_logit_eps(%s, %s)" % (c(x), c(float(eps)))
CALLS["polygamma"] = CALLS["special.polygamma"] = lambda c, x, n: "torch_polygamma(%d, %s)" % (n, c(x))
CALLS["T"], CALLS["mT"], CALLS["H"], CALLS["mH"] = [lambda c, x, n=n: "torch_%s(%s)" % (n, c(x)) for n in ("T", "mT", "H", "mH")]
CALLS["where"] = lambda c, x, condition, y: "torch_where(%s, %s, %s)" % (c(condition), c(x), c(y))
CALLS["lerp"] = lambda c, x, end, weight: "torch_lerp(%s, %s, %s)" % (c(x), c(end), c(weight))


@op("clamp")
def clamp(c, x, min=None, max=None):
    if isinstance(min, torch.Tensor) or isinstance(max, torch.Tensor):
        return "torch_clamp_tensor(%s, %s, %s)" % (c(x), c(min), c(max))
    bound = ["torch_scalar_none()" if v is None else "TORCH_SCALAR(%s)" % c(v) for v in (min, max)]
    return "torch_clamp_Scalar(%s, %s, %s)" % (c(x), bound[0], bound[1])


for _cast in ("float", "double", "half", "bfloat16", "long", "int", "short", "byte", "bool"):
    CALLS[_cast] = lambda c, x, memory_format=None, _cast=_cast: "torch_%s(%s)" % (_cast, c(x))


CALLS["zero_"] = lambda c, x: "torch_zero_(torch_clone(%s))" % c(x)

CALLS["isin"] = lambda c, x, tests, assume_unique=False, invert=False: ("torch_logical_not(torch_isin(%s, %s))" if invert else
                                                                          "torch_isin(%s, %s)") % (c(x), c(tests))

# ---- reductions, scans -----------------------------------------------------------------------------------------------------

def along(name, pair=True):
    """max, min and their kin: of all, of two tensors, or along a dimension with indices."""
    def call(c, x, *args, **kwargs):
        values = dict(zip(("dim", "keepdim"), args), **kwargs)
        if isinstance(values.get("dim"), torch.Tensor):
            return "torch_%s_other(%s, %s)" % (name, c(x), c(values["dim"]))
        if values.get("dim") is None:
            return "torch_%s(%s)" % (name, c(x))
        return "out[0] = torch_%s_dim(%s, %d, %s, &out[1])" % (name, c(x), values["dim"], flag(values.get("keepdim")))
    return call


for _name in ("max", "min", "median", "nanmedian", "mode"):
    CALLS[_name] = along(_name)
CALLS["mode"] = lambda c, x, dim=-1, keepdim=False: "out[0] = torch_mode(%s, %d, %s, &out[1])" % (c(x), dim, flag(keepdim))
CALLS["aminmax"] = lambda c, x, dim=None, keepdim=False: "out[0] = torch_aminmax(%s, %s, %s, &out[1])" % (
    c(x), "TORCH_NONE" if dim is None else dim, flag(keepdim))
for _name in ("cummax", "cummin"):
    CALLS[_name] = lambda c, x, dim, _name=_name: "out[0] = torch_%s(%s, %d, &out[1])" % (_name, c(x), dim)


def with_indices(name):
    base = generic(name)

    def call(c, *args, **kwargs):
        return "out[0] = %s, .indices = &out[1])" % base(c, *args, **kwargs)[:-1]
    return call


for _name in ("sort", "topk", "kthvalue"):
    CALLS[_name] = with_indices(_name)
CALLS["histogram"] = lambda c, *args, **kwargs: "out[0] = %s, .bin_edges = &out[1])" % generic("histogram")(c, *args, **kwargs)[:-1]


def variance(name):
    base = generic(name)

    def call(c, x, *args, **kwargs):
        if args and isinstance(args[0], bool):
            kwargs, args = dict(kwargs, unbiased=args[0]), args[1:]
        mean = ", .mean = &out[1]" if name.endswith("mean") else ""
        return "out[0] = %s%s)" % (base(c, x, *args, **kwargs)[:-1], mean)
    return call


for _name in ("var", "std", "var_mean", "std_mean"):
    CALLS[_name] = variance(_name)


@op("norm")
def norm(c, x, p="fro", dim=None, keepdim=False, dtype=None):
    if p == "nuc" or (p == "fro" and dim is not None and not isinstance(dim, int) and len(dim) > 1 and False):
        raise Unsupported("norm nuc: linalg_matrix_norm")
    words = [c(x), "TORCH_NAN" if p == "fro" else c(float(p))]
    if dim is not None:
        words.append(".dim = %d" % dim if isinstance(dim, int) else ".dims = TORCH_DIM_LIST(%s)" % sizes(dim))
    return "torch_norm(%s%s)" % (", ".join(words), ", .keepdim = true" if keepdim else "")


CALLS["dist"] = lambda c, x, y, p=2: "torch_dist(%s, %s, %s)" % (c(x), c(y), c(float(p)))
CALLS["logcumsumexp"] = lambda c, x, dim: "torch_logcumsumexp(%s, %d)" % (c(x), dim)

# ---- views, joins, rearranging -----------------------------------------------------------------------------------------------

for _name in ("view", "reshape", "expand", "tile", "repeat"):
    CALLS[_name] = lambda c, x, *size, _name=_name, **kw: "torch_%s_n(%s, %s)" % (_name, c(x), dims(kw["dims"] if kw else flat(size)))
CALLS["broadcast_to"] = lambda c, x, size: "torch_broadcast_to_n(%s, %s)" % (c(x), dims(size))
CALLS["permute"] = lambda c, x, order: "torch_permute_n(%s, %s)" % (c(x), dims(order))
CALLS["squeeze"] = lambda c, x, dim=None: "torch_squeeze(%s)" % c(x) if dim is None else "torch_squeeze_dim(%s, %d)" % (c(x), dim)
CALLS["narrow"] = CALLS["narrow_copy"] = lambda c, x, dim, start, length: "torch_narrow(%s, %d, %s, %d)" % (
    c(x), dim, "(int64_t)torch_item(%s)" % c(start) if isinstance(start, torch.Tensor) else start, length)
CALLS["flatten"] = lambda c, x, start_dim=0, end_dim=-1: "torch_flatten_dims(%s, %d, %d)" % (c(x), start_dim, end_dim)
CALLS["cat"] = lambda c, xs, dim=0: "torch_cat(%s, %d)" % (tensors(c, xs), dim)
CALLS["stack"] = lambda c, xs, dim=0: "torch_stack(%s, %d)" % (tensors(c, xs), dim)
for _name in ("hstack", "vstack", "dstack", "column_stack", "block_diag", "cartesian_prod"):
    CALLS[_name] = lambda c, xs, *more, _name=_name: "torch_%s(%s)" % (_name, tensors(
        c, xs if isinstance(xs, (list, tuple)) else (xs,) + more))
CALLS["slice"] = lambda c, x, dim=0, start=None, end=None, step=1: "torch_slice(%s, %d, %s, %s, %d)" % (
    c(x), dim, "TORCH_NONE" if start is None else start, "TORCH_NONE" if end is None else end, step)
CALLS["split"] = lambda c, x, size, dim=0: into_list(
    "torch_split(%s, %d, %d)" % (c(x), size, dim) if isinstance(size, int) else "torch_split_with_sizes(%s, %s, %d)" % (c(x), dims(size), dim))
CALLS["split_with_sizes"] = CALLS["split"]
CALLS["chunk"] = lambda c, x, chunks, dim=0: into_list("torch_chunk(%s, %d, %d)" % (c(x), chunks, dim))
CALLS["unbind"] = lambda c, x, dim=0: into_list("torch_unbind(%s, %d)" % (c(x), dim))


@op("tensor_split")
def tensor_split(c, x, where, dim=0):
    if isinstance(where, torch.Tensor):
        where = where.tolist()
    if isinstance(where, int):
        return into_list("torch_tensor_split(%s, %d, %d)" % (c(x), where, dim))
    return into_list("torch_tensor_split_indices(%s, %s, %d)" % (c(x), dims(where), dim))


for _name in ("hsplit", "vsplit", "dsplit"):
    CALLS[_name] = lambda c, x, where, _name=_name: into_list(
        "torch_%s(%s, %d)" % (_name, c(x), where) if isinstance(where, int) else "torch_%s_indices(%s, %s)" % (_name, c(x), dims(where)))

# ---- matrices ----------------------------------------------------------------------------------------------------------------

CALLS["F.linear"] = lambda c, x, w, b=None: "F_linear(%s, %s, %s)" % (c(x), c(w), c(b))
CALLS["F.bilinear"] = lambda c, a, b, w, bias=None: "F_bilinear(%s, %s, %s, %s)" % (c(a), c(b), c(w), c(bias))
CALLS["einsum"] = lambda c, operands, equation: "torch_einsum(%s, %s)" % (c(equation), ", ".join(c(t) for t in operands))
CALLS["linalg.multi_dot"] = lambda c, xs: "torch_linalg_multi_dot(%s)" % ", ".join(c(t) for t in xs)
CALLS["cross"] = lambda c, a, b, dim=None: "torch_cross(%s, %s, %s)" % (c(a), c(b), "TORCH_NONE" if dim is None else dim)
CALLS["linalg.cross"] = lambda c, a, b, dim=-1: "torch_linalg_cross(%s, %s, %d)" % (c(a), c(b), dim)


@op("tensordot")
def tensordot(c, a, b, dims=2):
    if isinstance(dims, int):
        return "torch_tensordot(%s, %s, %d)" % (c(a), c(b), dims)
    return "torch_tensordot_n(%s, %s, %s, %s)" % (c(a), globals()["dims"](dims[0]), c(b), globals()["dims"](dims[1]))


CALLS["linalg.solve"] = lambda c, a, b, left=True: "torch_linalg_solve(%s, %s)" % (c(a), c(b)) if left else \
    "torch_linalg_solve_left(%s, %s, false)" % (c(a), c(b))
CALLS["linalg.solve_triangular"] = lambda c, a, b, upper, left=True, unitriangular=False: \
    "torch_linalg_solve_triangular(%s, %s, %s, %s, %s)" % (c(a), c(b), flag(upper), flag(left), flag(unitriangular))
for _name in ("linalg.slogdet", "slogdet"):
    CALLS[_name] = lambda c, a, _name=_name: "out[0] = %s(%s, &out[1])" % (c_name(_name), c(a))
for _name in ("linalg.cholesky", "cholesky"):
    CALLS[_name] = lambda c, a, upper=False, _name=_name: "%s(%s, %s)" % (c_name(_name), c(a), flag(upper))
CALLS["linalg.qr"] = lambda c, a, mode="reduced": "out[0] = torch_linalg_qr(%s, %s, &out[1])" % (c(a), c(mode))
CALLS["linalg.svd"] = lambda c, a, full_matrices=True: "out[0] = torch_linalg_svd(%s, %s, &out[1], &out[2])" % (c(a), flag(full_matrices))
CALLS["linalg.eigh"] = lambda c, a, UPLO="L": "out[0] = torch_linalg_eigh(%s, %s, &out[1])" % (c(a), c(UPLO))
CALLS["linalg.lstsq"] = lambda c, a, b, driver=None: "out[0] = torch_linalg_lstsq(%s, %s, NULL)" % (c(a), c(b))
CALLS["linalg.inv_ex"] = lambda c, a, check_errors=False: "out[0] = torch_linalg_inv_ex(%s, %s, &out[1])" % (c(a), flag(check_errors))
CALLS["linalg.solve_ex"] = lambda c, a, b, left=True, check_errors=False: "out[0] = torch_linalg_solve_ex(%s, %s, %s, %s, &out[1])" % (
    c(a), c(b), flag(left), flag(check_errors))
CALLS["linalg.cholesky_ex"] = lambda c, a, upper=False, check_errors=False: "out[0] = torch_linalg_cholesky_ex(%s, %s, %s, &out[1])" % (
    c(a), flag(upper), flag(check_errors))
CALLS["triangular_solve"] = lambda c, b, a, upper=True, transpose=False, unitriangular=False: \
    "out[0] = torch_triangular_solve(%s, %s, %s, %s, %s, &out[1])" % (c(b), c(a), flag(upper), flag(transpose), flag(unitriangular))
for _name in ("cholesky_solve", "cholesky_inverse"):
    CALLS[_name] = lambda c, *a, upper=False, _name=_name: "torch_%s(%s, %s)" % (
        _name, ", ".join(c(t) for t in a if isinstance(t, torch.Tensor)), flag(upper or a[-1] is True))


def with_pivots(text):
    """PyTorch's pivot=False is for CUDA alone."""
    def call(c, a, pivot=True, check_errors=False):
        if not pivot:
            raise Unsupported("pivot=False")
        return text % ((c(a), flag(check_errors)) if text.count("%") == 2 else c(a))
    return call


CALLS["linalg.lu_factor"] = with_pivots("out[0] = torch_linalg_lu_factor(%s, &out[1])")
CALLS["linalg.lu_factor_ex"] = with_pivots("out[0] = torch_linalg_lu_factor_ex(%s, %s, &out[1], &out[2])")
CALLS["linalg.lu"] = with_pivots("out[0] = torch_linalg_lu(%s, &out[1], &out[2])")
CALLS["linalg.lu_solve"] = lambda c, lu, pivots, b, left=True, adjoint=False: "torch_linalg_lu_solve_left(%s, %s, %s, %s, %s)" % (
    c(lu), c(pivots), c(b), flag(left), flag(adjoint))


@op("lu_unpack")
def lu_unpack(c, lu, pivots, unpack_data=True, unpack_pivots=True):
    if not unpack_data or not unpack_pivots:
        raise Unsupported("all of them are computed")
    return "out[0] = torch_lu_unpack(%s, %s, &out[1], &out[2])" % (c(lu), c(pivots))


CALLS["pinverse"] = lambda c, a, rcond=1e-15: "torch_pinverse(%s, .rtol = %.17g)" % (c(a), rcond)
CALLS["linalg.tensorinv"] = lambda c, a, ind=2: "torch_linalg_tensorinv(%s, %d)" % (c(a), ind)
CALLS["linalg.tensorsolve"] = lambda c, a, b, dims=None: "torch_linalg_tensorsolve(%s, %s, %s)" % (
    c(a), c(b), "0, NULL" if dims is None else "TORCH_DIMS(%s)" % ", ".join(map(str, dims)))
NO_GRADIENT |= {"linalg.svd", "linalg.eigh", "linalg.qr"}

def linalg_norm(name):
    def call(c, x, ord=None, dim=None, keepdim=False, dtype=None):
        if dtype is not None:
            raise Unsupported("dtype")
        words = [c(x)]
        if ord is not None:
            words.append(".name = %s" % c(ord) if isinstance(ord, str) else ".ord = %s" % c(float(ord)))
        if dim is not None:
            words.append(".dims = TORCH_DIM_LIST(%s)" % sizes([dim] if isinstance(dim, int) else dim))
        return "%s(%s%s)" % (c_name(name), ", ".join(words), ", .keepdim = true" if keepdim else "")
    return call


for _name in ("linalg.norm", "linalg.matrix_norm", "linalg.cond"):
    CALLS[_name] = linalg_norm(_name)
CALLS["linalg.matrix_norm"] = lambda c, x, ord="fro", dim=(-2, -1), keepdim=False, dtype=None, _call=linalg_norm("linalg.matrix_norm"): \
    _call(c, x, ord, dim, keepdim, dtype)

# ---- indexing ----------------------------------------------------------------------------------------------------------------

CALLS["scatter"] = lambda c, x, dim, index, src, reduce=None: "torch_scatter(%s, %d, %s, %s)" % (c(x), dim, c(index), c(src)) \
    if reduce is None else "torch_scatter_by(%s, %d, %s, %s, %s)" % (c(x), dim, c(index), c(src), c(reduce))
CALLS["gather"] = lambda c, x, dim, index: "torch_gather(%s, %d, %s)" % (c(x), dim, c(index))
CALLS["take_along_dim"] = lambda c, x, index, dim=None: "torch_take_along(%s, %s)" % (c(x), c(index)) if dim is None else \
    "torch_take_along_dim(%s, %s, %d)" % (c(x), c(index), dim)
CALLS["index_add"] = lambda c, x, dim, index, source, alpha=None: "torch_index_add(%s, %d, %s, %s)" % (c(x), dim, c(index), c(source)) \
    if alpha is None else "torch_index_add_alpha(%s, %d, %s, %s, %s)" % (c(x), dim, c(index), c(source), c(alpha))
CALLS["put"] = lambda c, x, index, source, accumulate=False: "torch_put(%s, %s, %s, %s)" % (c(x), c(index), c(source), flag(accumulate))
CALLS["index_put"] = lambda c, x, indices, values, accumulate=False: "torch_index_put(%s, %s, %s, %s)" % (
    c(x), tensors(c, indices), c(values), flag(accumulate))


@op("__getitem__")
def getitem(c, x, key):
    if isinstance(key, list) and any(isinstance(k, (list, tuple, slice, torch.Tensor)) or k is None or k is Ellipsis for k in key):
        key = tuple(key)  # as Python's old rule has it
    key = key if isinstance(key, tuple) else (key,)
    text, given = [], []
    for k in key:
        if isinstance(k, torch.Tensor) and k.dim() == 0 and not k.dtype == torch.bool:
            k = int(k)
        if isinstance(k, list):
            k = torch.tensor(k)
        if isinstance(k, (bool,)):
            raise Unsupported("x[True]")
        if isinstance(k, torch.Tensor):
            given.append(k)
            text.append("T")
        elif isinstance(k, slice):
            text.append(":".join("" if v is None else str(v) for v in (k.start, k.stop)) + ("" if k.step is None else ":%d" % k.step))
        else:
            text.append("..." if k is Ellipsis else str(k))
    text = ", ".join(text)
    if given:
        return 'torch_index_with(%s, %s, "%s")' % (c(x), tensors(c, given), text)
    return 'torch_index(%s, "%s")' % (c(x), text)


@op("nonzero")
def nonzero(c, x, as_tuple=False):
    if as_tuple:
        raise Unsupported("as_tuple")
    return "torch_nonzero(%s)" % c(x)


# ---- searching, counting -----------------------------------------------------------------------------------------------------

CALLS["searchsorted"] = lambda c, s, v, *, out_int32=False, right=False, side=None, sorter=None: \
    searchsorted(c, s, v, out_int32, right, side, sorter)


def searchsorted(c, s, v, out_int32, right, side, sorter):
    if side is not None or sorter is not None or not isinstance(v, torch.Tensor):
        raise Unsupported("side, sorter, or a number")
    return "torch_searchsorted(%s, %s, %s, %s)" % (c(s), c(v), c(out_int32), c(right))


@op("bucketize")
def bucketize(c, x, boundaries, out_int32=False, right=False):
    if out_int32 or not isinstance(x, torch.Tensor):
        raise Unsupported("out_int32, or a number")
    return "torch_bucketize(%s, %s, %s)" % (c(x), c(boundaries), c(right))


CALLS["bincount"] = lambda c, x, weights=None, minlength=0: "torch_bincount(%s, %s, %d)" % (c(x), c(weights), minlength)
CALLS["histc"] = lambda c, x, bins=100, min=0, max=0: "torch_histc(%s, %d, %s, %s)" % (c(x), bins, c(min), c(max))


def unique_call(name):
    def call(c, x, sorted=True, return_inverse=False, return_counts=False, dim=None):
        if not sorted:
            raise Unsupported("an order that PyTorch leaves open")
        places = iter(("&out[1]", "&out[2]"))
        inverse = next(places) if return_inverse else "NULL"
        counts = next(places) if return_counts else "NULL"
        return "out[0] = torch_%s(%s, %s, .inverse = %s, .counts = %s)" % (
            name, c(x), "TORCH_NONE" if dim is None else dim, inverse, counts)
    return call


for distinct in ("unique", "unique_consecutive"):
    CALLS[distinct] = unique_call(distinct)
CALLS["F.one_hot"] = lambda c, x, num_classes=-1: "F_one_hot(%s, %d)" % (c(x), num_classes)


@op("F.embedding")
def embedding(c, weight, i, padding_idx=None, max_norm=None, norm_type=2., scale_grad_by_freq=False, sparse=False):
    if scale_grad_by_freq or sparse:
        raise Unsupported("scale_grad_by_freq, sparse")
    return "F_embedding(%s, %s%s%s, .norm_type = %s)" % (
        c(i), c(weight), "" if padding_idx is None else ", .padding_idx = %d" % padding_idx,
        "" if max_norm is None else ", .max_norm = %s" % c(max_norm), c(norm_type))


# ---- functional --------------------------------------------------------------------------------------------------------------

def loss(name):
    base = generic(name)

    def call(c, x, *args, **kwargs):
        for old in ("size_average", "reduce"):
            if kwargs.pop(old, None) is not None:
                raise Unsupported("size_average and reduce are deprecated")
        return base(c, x, *args, **kwargs)
    return call


def pool(name):
    base = generic(name)

    def call(c, x, *args, **kwargs):
        wants = kwargs.pop("return_indices", False)
        if args and isinstance(args[-1], bool) and name.startswith("F.adaptive_max"):
            wants, args = args[-1], args[:-1]
        text = base(c, x, *args, **kwargs)
        return "out[0] = %s, .indices = &out[1])" % text[:-1] if wants else text
    return call


for _name in ("max_pool1d", "max_pool2d", "max_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"):
    CALLS["F." + _name] = pool("F." + _name)
CALLS["eye"] = lambda c, n, m=None, dtype=None, **kw: "torch_eye(%d%s%s)" % (
    n, "" if m is None else ", %d" % m, ", .dtype = %s" % c(dtype) if dtype else "")

LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "soft_margin_loss", "binary_cross_entropy", "nll_loss", "cross_entropy",
          "binary_cross_entropy_with_logits", "kl_div", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss",
          "multilabel_margin_loss", "multilabel_soft_margin_loss", "cosine_embedding_loss", "triplet_margin_loss", "poisson_nll_loss",
          "gaussian_nll_loss")
for _name in LOSSES:
    if generic("F." + _name):
        CALLS["F." + _name] = loss("F." + _name)


@op("F.layer_norm")
def layer_norm(c, x, shape, weight=None, bias=None, eps=1e-5):
    words = [c(x), "TORCH_DIMS(%s)" % sizes(shape)]
    words += [".weight = %s" % c(weight)] if weight is not None else []
    words += [".bias = %s" % c(bias)] if bias is not None else []
    return "F_layer_norm(%s, .eps = %s)" % (", ".join(words), c(float(eps)))
