#!/usr/bin/env python3
"""Writes print_cases.h: tensors, and what PyTorch's str() makes of them. Needs torch 1.13:
    python3 make_print_cases.py > print_cases.h
"""
import json

import torch
from torch import nn
import torch._tensor_str as tensor_str

nan, inf = float('nan'), float('inf')


def rnn():
    torch.manual_seed(0)
    m, l = nn.RNN(1, 4, batch_first=True), nn.Linear(4, 1)
    out, hidden = m(torch.tensor([[[.1], [.2], [.3]]]))
    return out, hidden, l(out[:, -1, :])


# name, expression, options of set_printoptions
CASES = [
    ('empty 1-d', 'torch.tensor([])', {}),
    ('empty 1-d int', 'torch.tensor([], dtype=torch.int64)', {}),
    ('empty int32 (dtype shown)', 'torch.empty(0, dtype=torch.int32)', {}),
    ('empty 2-d (size shown)', 'torch.empty(0, 3)', {}),
    ('empty 3-d', 'torch.zeros(2, 0, 4)', {}),
    ('empty 2-d double', 'torch.zeros(3, 0, dtype=torch.float64)', {}),
    ('empty with grad', 'torch.empty(0, requires_grad=True)', {}),
    ('0-d float', 'torch.tensor(3.14159265)', {}),
    ('0-d integral float', 'torch.tensor(7.)', {}),
    ('0-d zero', 'torch.tensor(0.)', {}),
    ('0-d negative zero', 'torch.tensor(-0.0)', {}),
    ('0-d int', 'torch.tensor(-42)', {}),
    ('0-d bool', 'torch.tensor(True)', {}),
    ('0-d nan', 'torch.tensor(nan)', {}),
    ('0-d inf double', 'torch.tensor(-inf, dtype=torch.float64)', {}),
    ('0-d tiny', 'torch.tensor(1e-5)', {}),
    ('0-d big', 'torch.tensor(123456792.)', {}),
    ('0-d 1e8 is not sci', 'torch.tensor(1e8)', {}),
    ('0-d requires_grad', 'torch.tensor(2.5, requires_grad=True)', {}),
    ('1-d floats', 'torch.tensor([1., 2.5, -3.125])', {}),
    ('1-d integral floats', 'torch.tensor([1., 2., 30.])', {}),
    ('1-d integral floats negative', 'torch.tensor([-1., 20., -300.])', {}),
    ('1-d floats with -0.0', 'torch.tensor([-0.0, 0.0, 1.5])', {}),
    ('1-d all zeros', 'torch.zeros(5)', {}),
    ('1-d ints', 'torch.tensor([1, -20, 300])', {}),
    ('1-d uint8', 'torch.tensor([0, 7, 255], dtype=torch.uint8)', {}),
    ('1-d int8', 'torch.tensor([-128, 127], dtype=torch.int8)', {}),
    ('1-d int16', 'torch.tensor([-5, 12345], dtype=torch.int16)', {}),
    ('1-d int32', 'torch.tensor([1, 2, 3], dtype=torch.int32)', {}),
    ('1-d int64 extremes', 'torch.tensor([-9223372036854775808, 9223372036854775807])', {}),
    ('1-d bools', 'torch.tensor([True, False, True])', {}),
    ('1-d double', 'torch.tensor([0.1, 0.2], dtype=torch.float64)', {}),
    ('1-d half', 'torch.tensor([0.1, 65504.], dtype=torch.float16)', {}),
    ('1-d bfloat16', 'torch.tensor([0.1, 3.0], dtype=torch.bfloat16)', {}),
    ('nan inf mixed with ints', 'torch.tensor([1., nan, inf, -inf])', {}),
    ('nan inf mixed with fractions', 'torch.tensor([1.5, nan, inf, -inf])', {}),
    ('only nan and inf', 'torch.tensor([nan, inf, -inf])', {}),
    ('nan with sci', 'torch.tensor([1e-6, nan, -inf, 1.])', {}),
    ('ratio > 1000 fractions -> sci', 'torch.tensor([0.5, 1000.5])', {}),
    ('ratio exactly 1000 -> not sci', 'torch.tensor([0.5, 500.])', {}),
    ('ratio > 1000 ints -> sci', 'torch.tensor([1., 1001.])', {}),
    ('ratio exactly 1000 ints -> not sci', 'torch.tensor([1., 1000.])', {}),
    ('min < 1e-4 -> sci', 'torch.tensor([0.00009, 0.05])', {}),
    ('min 1e-4 float32 rounds below/above', 'torch.tensor([0.0001, 0.05])', {}),
    ('big > 1e8 -> sci', 'torch.tensor([2e8, 3e8])', {}),
    ('three digit exponent double', 'torch.tensor([1e-200, 1e200], dtype=torch.float64)', {}),
    ('float32 extremes', 'torch.tensor([1.17549435e-38, 3.4028235e38, 1e-45])', {}),
    ('rounding carries width', 'torch.tensor([9.99996, 0.5])', {}),
    ('half-way rounding .4f uses exact binary value', 'torch.tensor([0.00005, 0.12345, 0.12355, 2.00005], dtype=torch.float64)', {}),
    ('1-d wrap floats', 'torch.arange(30) / 7', {}),
    ('1-d wrap ints', 'torch.arange(60)', {}),
    ('1-d wrap wide ints', 'torch.arange(20) * 123456789', {}),
    ('1-d wrap negative randn', 'torch.randn(25)', {}),
    ('1-d wrap bool', 'torch.arange(40) % 3 == 0', {}),
    ('2-d ints', 'torch.arange(6).reshape(2, 3)', {}),
    ('2-d floats', 'torch.tensor([[1., 2.], [3.5, -4.]])', {}),
    ('2-d wide rows wrap', 'torch.randn(3, 20)', {}),
    ('2-d single column', 'torch.tensor([[0.1], [0.2], [0.3]])', {}),
    ('2-d bool', 'torch.tensor([[True, False], [False, True]])', {}),
    ('3-d', 'torch.arange(24).reshape(2, 3, 4)', {}),
    ('3-d (1,3,1) like the notebook', 'torch.tensor([[[0.1], [0.2], [0.3]]])', {}),
    ('4-d', 'torch.arange(16.).reshape(2, 2, 2, 2)', {}),
    ('5-d', 'torch.arange(8).reshape(1, 2, 1, 2, 2)', {}),
    ('1-d exactly 1000: full', 'torch.arange(1000)', {}),
    ('1-d 1001: summarised', 'torch.arange(1001)', {}),
    ('1-d 2000 floats: width from the shown 6 only', 'torch.arange(2000) / 3', {}),
    ('2-d 40x30 summarised both ways', 'torch.arange(1200).reshape(40, 30)', {}),
    ('2-d 2x600 summarised columns only', 'torch.arange(1200.).reshape(2, 600)', {}),
    ('2-d 400x3 summarised rows only', 'torch.randn(400, 3)', {}),
    ('3-d 20x10x10 summarised', 'torch.arange(2000).reshape(20, 10, 10)', {}),
    ('4-d 2x3x10x30 summarised', 'torch.zeros(2, 3, 10, 30)', {}),
    ('summarised with grad', 'torch.ones(50, 50, requires_grad=True)', {}),
    ('2-d 6 rows is not cut (6 <= 2*3)', 'torch.ones(6, 200)', {}),
    ('requires_grad leaf', 'torch.tensor([1., 2.], requires_grad=True)', {}),
    ('grad_fn mul', 'torch.tensor([1., 2.], requires_grad=True) * 2', {}),
    ('grad_fn sum', 'torch.tensor([1., 2.], requires_grad=True).sum()', {}),
    ('grad_fn Addmm', 'torch.nn.Linear(2, 3)(torch.ones(4, 2))', {}),
    ('grad_fn mse', 'torch.nn.functional.mse_loss(torch.zeros(3, requires_grad=True), torch.ones(3))', {}),
    ('grad_fn view, 2-d', 'torch.arange(6., requires_grad=True).view(2, 3)', {}),
    ('grad_fn select', 'torch.arange(6., requires_grad=True).view(2, 3)[0]', {}),
    ('grad_fn slice', 'torch.arange(6., requires_grad=True)[1:3]', {}),
    ('grad_fn clone', 'torch.zeros(2, requires_grad=True).clone()', {}),
    ('grad_fn long suffix wraps to a new line', '(torch.arange(9., requires_grad=True) / 7).cumsum(0)', {}),
    ('double with grad', 'torch.tensor([1.5], dtype=torch.float64, requires_grad=True)', {}),
    ('double with grad_fn', 'torch.tensor([1.5], dtype=torch.float64, requires_grad=True).exp()', {}),
    ('suffix just wraps: int32 row', 'torch.arange(22, dtype=torch.int32)', {}),
    ('suffix exactly fits', 'torch.arange(10, 29, dtype=torch.int16)', {}),
    ('Parameter', 'torch.nn.Parameter(torch.tensor([[0.5, -0.25]]))', {}),
    ('non-contiguous transpose', 'torch.arange(6).reshape(2, 3).t()', {}),
    ('expanded', 'torch.tensor([1., 2.]).expand(3, 2)', {}),
    ('precision=2', 'torch.tensor([1.23456, 2.0])', {'precision': 2}),
    ('sci_mode=True', 'torch.tensor([1.5, 2.0])', {'sci_mode': True}),
    ('sci_mode=False', 'torch.tensor([1e-6, 1.0])', {'sci_mode': False}),
    ('threshold=5', 'torch.arange(10)', {'threshold': 5}),
    ('edgeitems=1', 'torch.arange(2000).reshape(40,50)', {'edgeitems': 1}),
    ('linewidth=40', 'torch.arange(20.)/3', {'linewidth': 40}),
    ('profile short', 'torch.tensor([1.23456, 2.0])', {'profile': 'short'}),
    ('profile full', 'torch.arange(1001)', {'profile': 'full'}),
    ('RNN output (seed 0)', 'rnn()[0]', {}),
    ('RNN hidden', 'rnn()[1]', {}),
    ('Linear on out[:, -1, :]', 'rnn()[2]', {}),
    # and some more
    ('edgeitems=0 shows all of a row', 'torch.arange(5.)', {'edgeitems': 0, 'threshold': 2}),
    ('linewidth=0', 'torch.arange(5.)', {'linewidth': 0}),
    ('linewidth=81', 'torch.arange(40.) / 3', {'linewidth': 81}),
    ('precision=0', 'torch.arange(5.) / 3', {'precision': 0}),
    ('precision=0 with sci', 'torch.tensor([1e-9, 1.])', {'precision': 0}),
    ('precision=12', 'torch.tensor([0.5])', {'precision': 12}),
    ('precision=400', 'torch.tensor([0.1])', {'precision': 400}),
    ('sci_mode=True without numbers', 'torch.tensor([nan, inf])', {'sci_mode': True}),
    ('sci_mode=True with zero, nan and inf', 'torch.tensor([0., 1., nan, inf])', {'sci_mode': True}),
    ('sci_mode=True of zero', 'torch.tensor([0., -0.])', {'sci_mode': True}),
    ('sci_mode=False of a large number', 'torch.tensor([1e9, 1.])', {'sci_mode': False}),
    ('sci_mode=False of a huge number', 'torch.tensor([1e300, .5], dtype=torch.float64)', {'sci_mode': False}),
    ('sci with all kinds', 'torch.tensor([1., 1001., 0., -0., nan, -inf])', {}),
    ('negative nan', 'torch.tensor([-nan, 1.5])', {}),
    ('0-d three digit exponent', 'torch.tensor(1e300, dtype=torch.float64)', {}),
    ('99999.99995 carries', 'torch.tensor([99999.99995, 1000.5], dtype=torch.float64)', {}),
    ('empty after summarizing', 'torch.zeros(2000, 0)', {}),
    ('empty with grad', 'torch.zeros(0, 3, requires_grad=True)', {}),
    ('empty Parameter', 'nn.Parameter(torch.zeros(0, 3))', {}),
    ('empty bool', 'torch.zeros(0, dtype=torch.bool)', {}),
    ('empty half', 'torch.zeros(0, dtype=torch.float16)', {}),
    ('summarised bfloat16', 'torch.zeros(40, 40, dtype=torch.bfloat16)', {}),
    ('summarised bool', 'torch.zeros(40, 40, dtype=torch.bool)', {}),
    ('summarised Parameter', 'nn.Parameter(torch.ones(40, 40))', {}),
    ('threshold=0, edgeitems=1, 4-d', 'torch.arange(81).reshape(3, 3, 3, 3)', {'threshold': 0, 'edgeitems': 1}),
    ('profile that is not known', 'torch.tensor([1.23456])', {'profile': 'nonsense'}),
    ('profile full with precision', 'torch.tensor([1.23456])', {'profile': 'full', 'precision': 7}),
    ('double denormal', 'torch.tensor([5e-324], dtype=torch.float64)', {}),
    ('half denormal', 'torch.tensor([6e-8, 1e-3], dtype=torch.float16)', {}),
    ('transposed 3-d', 'torch.arange(24).reshape(2, 3, 4).transpose(0, 2).transpose(0, 1).transpose(0, 1)', {}),
    ('uint8 high', 'torch.tensor([[0, 128], [255, 1]], dtype=torch.uint8)', {}),
]


def text_of(s):
    return '\n            '.join(json.dumps(line) for line in s.splitlines(True)) or '""'


def pattern_of(t):
    """large tensors that count, or hold one value, are rebuilt by the test"""
    flat = t.reshape(-1)
    if flat.numel() < 40 or t.dtype not in (torch.int64, torch.float32, torch.bool, torch.bfloat16):
        return 'DATA'
    if bool((flat == flat[0]).all()) and float(flat[0]) in (0, 1):
        return 'ONES' if float(flat[0]) else 'ZEROS'
    if bool((flat == torch.arange(flat.numel()).to(t.dtype)).all()):
        return 'COUNTING'
    return 'DATA'


def bytes_of(t):
    t = t.detach().contiguous()
    return (t.view(torch.int16) if t.dtype == torch.bfloat16 else t).numpy().tobytes()


def row(name, code, options):
    torch.set_printoptions(profile='default')
    torch.manual_seed(0)
    x = eval(code)
    torch.set_printoptions(**options)
    text = str(x)
    torch.set_printoptions(profile='default')
    pattern = pattern_of(x.detach())
    layout = 'EXPANDED' if 0 in x.stride() and x.numel() else 'TRANSPOSED' if not x.is_contiguous() else 'CONTIGUOUS'
    data = bytes_of(x).hex() if pattern == 'DATA' else ''
    data = '\n            '.join('"%s"' % data[i:i + 96] for i in range(0, len(data), 96)) or '""'
    shape = ', '.join(map(str, x.shape)) or '0'
    grad = '"%s"' % type(x.grad_fn).__name__ if x.grad_fn is not None else 'NULL'
    o = [str(options.get(k, -1)) for k in ('precision', 'threshold', 'edgeitems', 'linewidth')]
    profile = '"%s"' % options['profile'] if 'profile' in options else 'NULL'
    sci = str(int(options['sci_mode'])) if 'sci_mode' in options else '-1'
    print('    {%s, %s, %d, {%s}, %d, %d, %s,' % (json.dumps(name), str(x.dtype).replace('.', '_'), x.dim(), shape, x.requires_grad,
                                                  isinstance(x, nn.Parameter), grad))
    print('        {sizeof(torch_PrintOptions), %s, %s, %s}, %s, %s,' % (', '.join(o), profile, sci, pattern, layout))
    print('        %s,\n        %s},' % (data, text_of(text)))


print("""/* Generated by make_print_cases.py from PyTorch %s. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

enum { DATA, ZEROS, ONES, COUNTING };             /* the elements: in hex, or 0, 1, 2, ... */
enum { CONTIGUOUS, TRANSPOSED, EXPANDED };        /* strides: of row order, of the reversed order, 0 in dimension 0 */
static const struct PrintCase {
    const char *name;
    torch_dtype dtype;
    int64_t ndim, shape[TORCH_MAX_DIM];
    bool requires_grad, parameter;
    const char *grad_fn;
    torch_PrintOptions options;
    int pattern, layout;
    const char *data, *text;
} print_cases[] = {""" % torch.__version__)
for case in CASES:
    row(*case)
print('};')
