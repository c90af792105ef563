"""Asks PyTorch for every sample of tests/ops/samples/THEME.def and writes tests/reference/ops/THEME.txt, which tests/ops reads.

    python3 tests/reference/make_ops.py [THEME ...]        (with PyTorch 1.13.1, CPU; without a theme: all)

THEME.txt: a line "= python text" opens a sample; then a line per case, fields separated by tabs:

    <dtypes> <inputs> <layout>   what the case is: layout C contiguous, T the last two dimensions swapped, S with gaps
    ! <Exception> <text>         if PyTorch raises; else
    <result>                     dtype, shape, /strides where not contiguous, and grad_fn (- none, leaf: requires grad)
    <values>                     in row order: integers, or the bits of floats in hex. More than 200: 64 of them, evenly
    <input>=<values>             gradients of the inputs after backward(g); `none` where there is none; or `unknown`
    A field `=` is the same as in the C layout of this case.
"""
import os
import re
import struct
import sys
import warnings

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
DTYPES = {'f': torch.float32, 'd': torch.float64, 'l': torch.int64, 'i': torch.int32, 's': torch.int16, 'c': torch.int8,
          'u': torch.uint8, 'b': torch.bool, 'h': torch.float16, 'k': torch.bfloat16}
LETTER = {v: k for k, v in DTYPES.items()}
ALL = 'fdliscub'
LARGEST = {'l': 2**63 - 1, 'i': 2**31 - 1, 's': 2**15 - 1, 'c': 127, 'u': 255}
SPECIAL_FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, float('inf'), float('-inf'), float('nan'), 1e-40, 3e38, 100.0]


# ---- inputs: the same numbers as samples.c makes ------------------------------------------------------------------

def hashed(name, n):
    h = (n * 2654435761 + ord(name) * 40503 + 12345) & 0xffffffff
    h ^= h >> 16
    h = h * 0x45d9f3b & 0xffffffff
    return h ^ h >> 16


def value(name, letter, n):
    h = hashed(name, n)
    if name in 'st':
        return special(letter, n // 12 % 12 if name == 's' else n % 12)
    if letter == 'b':
        return bool(h >> 7 & 1)
    if name == 'n':
        return h % 3
    if letter in 'fdhk':
        u = h / 4294967296.0
        return u * 2 + 0.25 if name in 'pq' else u * 1.9 - 0.95 if name == 'o' else u * 4 - 2
    if name == 'i':
        return h % 5 - 2
    if name in 'pq':
        return h % 5 + 1
    return h % 19 if letter == 'u' else h % 19 - 9


def special(letter, k):
    if letter in 'fd':
        return SPECIAL_FLOATS[k]
    if letter == 'b':
        return k % 2 == 1
    top = LARGEST[letter]
    low = 0 if letter == 'u' else -top - 1
    v = [0, 1, -1, 2, -2, 3, 7, -8, low, top, top - 1, 100][k]
    return v + 256 if letter == 'u' and v < 0 else v


def dense(name, letter, shape):
    n = 1
    for s in shape:
        n *= s
    if name == 's' and n == 12:      # alone: each special value once
        values = [special(letter, k) for k in range(12)]
    else:
        values = [value(name, letter, k) for k in range(n)]
    return torch.tensor(values, dtype=DTYPES[letter]).reshape(shape).clone() # no view


def laid_out(t, layout):
    if layout == 'T' and t.dim() >= 2:
        return t.transpose(-1, -2).contiguous().transpose(-1, -2)
    if layout == 'S' and t.dim() >= 1:
        wide = torch.zeros(list(t.shape[:-1]) + [2 * t.shape[-1]], dtype=t.dtype)
        wide[..., ::2] = t
        return wide[..., ::2]
    return t


# ---- the samples -------------------------------------------------------------------------------------------------------

SAMPLES = os.path.join(HERE, '..', 'ops', 'samples')


def themes():
    return re.findall(r'^#define THEME (\w+)', open(os.path.join(SAMPLES, 'all.def')).read(), re.M)


def samples(theme):
    macros = {}
    for line in list(open(os.path.join(SAMPLES, 'all.def'))) + list(open(os.path.join(SAMPLES, theme + '.def'))):
        m = re.match(r'#define (\w+) "(.*)"', line)
        if m:
            macros[m[1]] = m[2]
            continue
        m = re.match(r'SAMPLE\((\w+), (?:"([^"]*)"|(\w+)), "([^"]*)", ', line)
        if m:
            yield m[1], m[2] if m[2] is not None else macros[m[3]], m[4]
        elif line.startswith('SAMPLE'):
            sys.exit('cannot read: ' + line)


def combinations(text):
    if text == 'pairs':
        return [a + b for a in ALL for b in ALL]
    return {'all': list(ALL), 'ints': list('liscu')}.get(text) or list(text)


def cases(inputs):
    dtypes, _, sets = inputs.partition(':')
    for number, letters in enumerate(combinations(dtypes)):
        for words in sets.split('|'):
            given = []
            for word in words.split():
                m = re.match(r'(\w)(?:\[([\d,]*)\])?$', word)
                given.append((m[1], [int(s) for s in m[2].split(',')] if m[2] else []))
            layouts = 'C'
            if len(letters) == 1:
                if any(len(s) >= 2 and s[-1] > 1 and s[-2] > 1 for _, s in given):
                    layouts += 'T'
                if number == 0 and any(len(s) >= 1 and s[-1] > 1 for _, s in given):
                    layouts += 'S'
            for layout in layouts:
                yield letters, given, ' '.join(words.split()), layout


# ---- answers -------------------------------------------------------------------------------------------------------------

def element(v, dtype):
    if dtype == torch.bool:
        return '1' if v else '0'
    if not dtype.is_floating_point:
        return str(v)
    if v != v:
        return 'nan'
    if dtype == torch.float64:
        return '%x' % struct.unpack('<Q', struct.pack('<d', v))[0]
    if dtype == torch.float16:
        return '%x' % struct.unpack('<H', struct.pack('<e', v))[0]
    bits = struct.unpack('<I', struct.pack('<f', v))[0]
    return '%x' % (bits >> 16 if dtype == torch.bfloat16 else bits)


def values(t):
    if t._is_zerotensor():           # a gradient of zeros that PyTorch never wrote down
        t = torch.zeros(t.shape, dtype=t.dtype)
    flat = t.detach().reshape(-1)
    n = flat.numel()
    if n > 200:
        flat = flat[[k * n // 64 for k in range(64)]]
    return ' '.join(element(v, t.dtype) for v in flat.tolist())


def head(r):
    text = LETTER[r.dtype] + '[' + ','.join(map(str, r.shape)) + ']'
    if not r.is_contiguous():
        text += '/' + ','.join(map(str, r.stride()))
    return text + ' ' + ('-' if not r.requires_grad else r.grad_fn.name().split(':')[-1] if r.grad_fn else 'leaf')


def grad_of(out, x, g):
    return torch.autograd.grad(out, x, g, create_graph=True)[0]


def regular(x):
    return x + 4 * torch.eye(x.shape[-1], dtype=x.dtype)


def positive(x):
    return x @ x.mT + torch.eye(x.shape[-2], dtype=x.dtype)


def written_base(x, y=3):
    b = x.clone()
    b[1].mul_(y)
    return b


def written_view(x):
    return x.clone()[1].mul_(3)


def assigned(x, v, index):
    b = x.clone()
    b[index] = v
    return b


def answer(python, letters, given, layout):
    names = {'torch': torch, 'F': F, 'grad_of': grad_of, 'regular': regular, 'positive': positive, 'assigned': assigned, 'written_base': written_base, 'written_view': written_view, 'float': float, 'given': [n for n, _ in given]}
    leaves = []
    for k, (name, shape) in enumerate(given):
        letter = 'l' if name in 'in' else 'b' if name == 'b' else letters[k if len(letters) > 1 else 0]
        t = laid_out(dense(name, letter, shape), layout)
        if letter in 'fdhk':
            t.requires_grad_(True)
            leaves.append((name, t))
        names[name] = t
    torch.manual_seed(7)
    try:
        r = eval(python, names)
    except Exception as e:
        assert '\n' not in str(e) and '\t' not in str(e), e
        return ['! %s %s' % (type(e).__name__, e)]
    fields = [head(r), values(r)]
    if r.requires_grad:
        g = dense('g', LETTER[r.dtype], list(r.shape))
        try:
            r.backward(g)
        except RuntimeError:             # no gradients to compare: PyTorch's formula refuses these dtypes
            return fields + ['unknown']
        fields += [name + '=' + (values(t.grad) if t.grad is not None else 'none') for name, t in leaves]
    return fields


def write(theme):
    out = ['# Made by tests/reference/make_ops.py with PyTorch ' + torch.__version__]
    for record, inputs, python in samples(theme):
        out.append('= ' + python)
        plain = None
        for letters, given, words, layout in cases(inputs):
            fields = answer(python, letters, given, layout)
            if layout == 'C':
                plain = fields
            else:
                fields = [f if i >= len(plain) or plain[i] != f else '=' for i, f in enumerate(fields)]
            out.append('\t'.join([' '.join([letters, words, layout]).replace('  ', ' ')] + fields))
    with open(os.path.join(HERE, 'ops', theme + '.txt'), 'w') as f:
        f.write('\n'.join(out) + '\n')
    print(theme, len(out), 'lines')


def main():
    warnings.simplefilter('ignore')
    torch.set_num_threads(1)
    for theme in sys.argv[1:] or themes():
        write(theme)


if __name__ == '__main__':
    main()
