"""Writes tests/io/files: files that PyTorch wrote, and beside each, as NAME.txt, what is in it (see listing()).

    python3 tests/reference/make_io.py     (with PyTorch 1.13.1, CPU)"""
import collections
import json
import os
import struct
import sys
import warnings
import zipfile

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = os.path.join(HERE, "..", "io", "files")
sys.path.insert(0, os.path.join(HERE, "..", "io"))
from listing import listing, raw  # noqa: E402


def dtypes():
    special = [0.0, -0.0, 1.5, -2.25, float("inf"), float("-inf"), float("nan"), 1e-40, 3.1415926]
    d = collections.OrderedDict((str(t)[6:], torch.tensor(special).to(t))
                                for t in (torch.float32, torch.float64, torch.float16, torch.bfloat16))
    for t, values in ((torch.int64, [-2 ** 63, 2 ** 63 - 1, 7]), (torch.int32, [-2 ** 31, 2 ** 31 - 1]),
                      (torch.int16, [-2 ** 15, 2 ** 15 - 1]), (torch.int8, [-128, 127, 0]), (torch.uint8, [0, 255]),
                      (torch.bool, [True, False, True])):
        d[str(t)[6:]] = torch.tensor(values, dtype=t)
    return d


def views():
    base = torch.arange(24.).view(4, 6)
    big = torch.arange(40, dtype=torch.int16)
    return {"base": base, "transposed": base.t(), "row": base[2], "column": base[:, 1], "tied": base, "step": base[::2, 1::2],
            "zero_d": torch.tensor(2.5), "element": base[1, 2], "empty": torch.empty(0), "no_rows": torch.empty(0, 3),
            "part of a larger one": big[10:20], "expanded": torch.tensor([[1.], [2.]]).expand(2, 3),
            "empty view": base[4:], "names with dots.and spaces, ümlauts": torch.ones(1), "": torch.zeros(2)}


def parameters():
    p = torch.nn.Parameter(torch.tensor([1., 2.]))
    return {"p": p, "frozen": torch.nn.Parameter(torch.tensor([3.]), requires_grad=False), "tied": p,
            "leaf": torch.tensor([4.], requires_grad=True)}


def module():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.ReLU(), torch.nn.Linear(3, 2))


def trained(make):
    """A layer trained for two steps; x and the weights after a third."""
    torch.manual_seed(1)
    model = torch.nn.Linear(3, 2)
    optimizer = make(model.parameters())
    x = torch.arange(12.).view(4, 3) / 8

    def step():
        optimizer.zero_grad()
        (model(x) ** 2).mean().backward()
        optimizer.step()

    step(), step()
    saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "best": 0.25, "note": "text", "none": None,
             "history": [0.5, 0.25], "done": False, "nested": [{"a": torch.ones(1)}, (torch.zeros(2), 1)]}
    saved["model"] = collections.OrderedDict((k, v.clone()) for k, v in saved["model"].items())
    saved["optimizer"] = json_like(saved["optimizer"])
    step()
    saved["x"], saved["after"] = x, model.state_dict()
    return saved


def json_like(value):
    """Tensors copied, for the optimizer goes on."""
    if isinstance(value, dict):
        return {k: json_like(v) for k, v in value.items()}
    return [json_like(v) for v in value] if isinstance(value, list) else value.clone() if torch.is_tensor(value) else value


def save(name, value, **options):
    path = os.path.join(FILES, name + ".pt")
    torch.save(value, path, **options)
    listing(value, os.path.join(FILES, name + ".txt"))


def deflated(name, source):
    """The same archive as another program would pack it: compressed, without alignment."""
    with zipfile.ZipFile(os.path.join(FILES, source + ".pt")) as old, \
            zipfile.ZipFile(os.path.join(FILES, name + ".pt"), "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            new.writestr(zipfile.ZipInfo(entry), old.read(entry), zipfile.ZIP_DEFLATED)
    listing(torch.load(os.path.join(FILES, name + ".pt")), os.path.join(FILES, name + ".txt"))


def hostile():
    """Archives that no writer makes: one that inflates to a thousand times its size, one with two entries of a name."""
    with zipfile.ZipFile(os.path.join(FILES, "bomb.pt"), "w", zipfile.ZIP_DEFLATED) as f:
        f.writestr(zipfile.ZipInfo("archive/version"), "3\n")
        f.writestr(zipfile.ZipInfo("archive/data.pkl"), b"N" * (4 << 20), zipfile.ZIP_DEFLATED)
    with warnings.catch_warnings(), zipfile.ZipFile(os.path.join(FILES, "twice.pt"), "w") as f:
        warnings.simplefilter("ignore")
        for text in ("3\n", "4\n"):
            f.writestr(zipfile.ZipInfo("archive/version"), text)


NAMES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64", torch.int32: "I32",
         torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}


def safetensors(name, tensors, metadata=None, pad=True, behind=b""):
    """By the format's description: u64 length, JSON, bytes."""
    header, data = {"__metadata__": metadata} if metadata else {}, b""
    for key, t in tensors.items():
        bytes_ = raw(t)
        header[key] = {"dtype": NAMES[t.dtype], "shape": list(t.shape), "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8 if pad else 0)
    with open(os.path.join(FILES, name + ".safetensors"), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data + behind)
    listing({k: t.contiguous() for k, t in tensors.items()}, os.path.join(FILES, name + "_safetensors.txt"))


def main():
    os.makedirs(FILES, exist_ok=True)
    save("dtypes", dtypes())
    save("views", views())
    save("parameters", parameters())
    save("module", module().state_dict())
    save("tensor", torch.arange(6.).view(2, 3))
    save("sgd", trained(lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)))
    save("adam", trained(lambda p: torch.optim.Adam(p, lr=0.01, amsgrad=True)))
    save("rmsprop", trained(lambda p: torch.optim.RMSprop(p, lr=0.01)))
    for name, value in (("views_legacy", views()), ("parameters_legacy", parameters()), ("dtypes_legacy", dtypes()),
                        ("adam_legacy", trained(lambda p: torch.optim.Adam(p, lr=0.01)))):
        save(name, value, _use_new_zipfile_serialization=False)
    torch.save(module(), os.path.join(FILES, "whole_module.pt"))
    deflated("views_deflated", "views")
    hostile()
    d = dtypes()
    d.update(zero_d=torch.tensor(1.5), empty=torch.empty(2, 0), matrix=torch.arange(6.).view(2, 3))
    safetensors("dtypes", d, {"format": "pt", "ümlaut": "\"quoted\" \\ text"})
    safetensors("unpadded", {"odd": torch.tensor([1], dtype=torch.uint8), "f": torch.tensor([1., 2.])}, pad=False)
    safetensors("stray", {"w": torch.tensor([1., 2.])}, behind=b"\0\0\0\0")
    safetensors("nothing", {})


if __name__ == "__main__":
    main()
