"""Asks PyTorch for every row of tests/nn/layers/THEME.def and writes tests/reference/nn/THEME.txt, which tests/nn/test_walk.c reads.

    python3 tests/reference/make_layers.py [THEME ...]     (with PyTorch 1.13.1, CPU; without a theme: all)

THEME.txt, fields separated by tabs; a newline in a text is written \\n:

    = <python> <call>             opens a row; the module is made after manual_seed(5)
    warn <category> <text>        a warning while it was made
    ! <Exception> <text>          if that raises; else
    repr <text>
    state <key> <tensor>          every entry of state_dict(): dtype, shape and values as make_ops.py writes them
    case <train|eval> <inputs>    a new module, called after manual_seed(7), in that mode
    warn <category> <text>        a warning of the call
    ! <Exception> <text>          if the call raises; else
    out <tensor>                  every result; `none` where it is None
    grad <name> <values>          of inputs and parameters, after backward of sum((out * g).sum()); `none` where there is none
    buffer <key> <tensor>         named_buffers() afterwards
"""
import os
import re
import sys
import warnings
from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.utils.parametrize as P
from torch.optim.swa_utils import AveragedModel, update_bn

import make_ops

class RMSNorm(nn.Module):
    """nn.RMSNorm of PyTorch 2.4, which 1.13 does not have: its documentation's formula."""
    def __init__(self, normalized_shape, eps=None, elementwise_affine=True):
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = shape, eps, elementwise_affine
        self.register_parameter('weight', nn.Parameter(torch.ones(shape)) if elementwise_affine else None)

    def forward(self, input):
        dims = tuple(range(-len(self.normalized_shape), 0))
        eps = torch.finfo(input.dtype).eps if self.eps is None else self.eps
        y = input * torch.rsqrt(input.pow(2).mean(dims, keepdim=True) + eps)
        return y if self.weight is None else y * self.weight

    def extra_repr(self):
        return '{normalized_shape}, eps={eps}, elementwise_affine={elementwise_affine}'.format(**self.__dict__)


def two():
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU())


def filled(value):
    m = nn.BatchNorm1d(3)
    for t in (m.weight.data, m.bias.data, m.running_mean, m.running_var):
        t.fill_(value)
    return m


def called(m, x):
    m(x)
    return m


def edit(m, *statements):
    for s in statements:
        exec(s, {**globals(), 'm': m})
    return m


def over(r):
    """The rows of a packed result, and the states."""
    return r[0].data, r[1]


HERE = os.path.dirname(os.path.abspath(__file__))
LAYERS = os.path.join(HERE, '..', 'nn', 'layers')


def themes():
    return re.findall(r'^#define THEME (\w+)', open(os.path.join(LAYERS, 'all.def')).read(), re.M)


def rows(theme):
    for line in open(os.path.join(LAYERS, theme + '.def')):
        m = re.match(r'LAYER\("([^"]*)", "([^"]*)", "([^"]*)", ', line)
        u = re.match(r'(UNARY|BINARY)\("([^"]*)", "([^"]*)", ', line)
        if m:
            yield m[1], m[2], m[3]
        elif u:
            yield u[2], u[3], 'm(x)' if u[1] == 'UNARY' else 'm(x, y)'
        elif re.match(r'LAYER|UNARY|BINARY', line):
            sys.exit('cannot read: ' + line)


def text(s):
    assert '\t' not in s, s
    return s.replace('\n', '\\n')


def tensor(t):
    return 'none' if t is None else make_ops.head(t) + '\t' + make_ops.values(t)


class Hearing(warnings.catch_warnings):
    """Collects what is warned as lines."""
    def __init__(self, lines):
        super().__init__(record=True)
        self.lines = lines

    def __enter__(self):
        self.heard = super().__enter__()
        warnings.simplefilter('always')

    def __exit__(self, *args):
        said = ['warn\t%s\t%s' % (w.category.__name__, text(str(w.message))) for w in self.heard]
        self.lines += [s for k, s in enumerate(said) if s not in said[:k]]
        super().__exit__(*args)


def made(python, double):
    torch.manual_seed(5)
    m = eval(python)
    return m.double() if double else m


def inputs(letters, given):
    names, leaves = {}, []
    for name, shape in given:
        letter = 'l' if name in 'in' else 'b' if name == 'b' else letters[0]
        names[name] = t = make_ops.dense(name, letter, shape)
        if letter in 'fd':
            leaves.append((name, t.requires_grad_(True)))
    return names, leaves


def results(r):
    if isinstance(r, (tuple, list)):
        return [t for x in r for t in results(x)]
    return [r]


def case(python, call, letters, given, words, mode):
    lines = ['case\t%s\t%s %s' % (mode, letters, words)]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        m = made(python, letters == 'd')
    m.train(mode == 'train')
    names, leaves = inputs(letters, given)
    torch.manual_seed(7)
    try:
        with Hearing(lines):
            out = results(eval(call, {'torch': torch, 'nn': nn, 'F': F, 'R': nn.utils.rnn, 'over': over, 'm': m, **names}))
    except Exception as e:
        return lines + ['!\t%s\t%s' % (type(e).__name__, text(str(e)))]
    lines += ['out\t' + tensor(t) for t in out]
    fed = [(o * make_ops.dense('g', make_ops.LETTER[o.dtype], list(o.shape))).sum() for o in out
           if o is not None and o.requires_grad]
    if fed:
        sum(fed).backward()
    for name, t in leaves + list(m.named_parameters()):
        lines.append('grad\t%s\t%s' % (name, 'none' if t.grad is None else make_ops.values(t.grad)))
    return lines + ['buffer\t%s\t%s' % (name, tensor(b)) for name, b in m.named_buffers()]


def row(python, inputs_text, call):
    lines = ['= %s\t%s' % (python, call)]
    try:
        with Hearing(lines):
            m = made(python, False)
    except Exception as e:
        # str puts the text of a KeyError into quotes: good for a key, not for a sentence
        said = e.args[0] if isinstance(e, KeyError) and ' ' in e.args[0] else str(e)
        return lines + ['!\t%s\t%s' % (type(e).__name__, text(said))]
    lines.append('repr\t' + text(repr(m)))
    lines += ['state\t%s\t%s' % (key, tensor(t)) for key, t in m.state_dict().items()]
    for letters, given, words, layout in make_ops.cases(inputs_text.lstrip('~')):
        if layout == 'C':
            for mode in ('train', 'eval'):
                lines += case(python, call, letters, given, words, mode)
    return lines


def write(theme):
    out = ['# Made by tests/reference/make_layers.py with PyTorch ' + torch.__version__]
    for python, inputs_text, call in rows(theme):
        out += row(python, inputs_text, call)
    with open(os.path.join(HERE, 'nn', theme + '.txt'), 'w') as f:
        f.write('\n'.join(out) + '\n')
    print(theme, len(out), 'lines')


def main():
    torch.set_num_threads(1)
    for theme in sys.argv[1:] or themes():
        write(theme)


if __name__ == '__main__':
    main()
