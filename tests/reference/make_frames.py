#!/usr/bin/python3
"""Writes tests/data/csv_cases.inc and tests/data/frame_prints.inc: what pandas 1.5.3 makes of CSV texts and prints of frames.

Run with Debian 12's python3-pandas:  /usr/bin/python3 tests/reference/make_frames.py
"""
import io
import os

import numpy as np
import pandas as pd

os.environ["COLUMNS"] = "80"
here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
HEADER = "/* Made by tests/reference/make_frames.py with pandas %s. */\n" % pd.__version__


def literal(data, indent="    "):
    """A C string literal, one source line per line of the text."""
    data = data.encode() if isinstance(data, str) else data
    plain = {0x22: '\\"', 0x5C: "\\\\", 0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
    text = lambda b: "".join(plain.get(c) or (chr(c) if 32 <= c < 127 else "\\%03o" % c) for c in b)
    pieces = []
    for line in data.splitlines(True):
        pieces += [line[i : i + 90] for i in range(0, len(line), 90)]
    assert len(data) < 4000, "C11 promises no longer string literals"
    return ("\n" + indent).join('"%s"' % text(p) for p in pieces or [b""])


CSV = [
    b"a,b\n1,2\n3,4\n", b"a,b\n", b"a", b"a\n\n\n", b"x,y\n1", b"a\n1\n1.5\nx\n", b"a\n0001\n-0\n+7\n",
    # missing fields
    b"a,b\n1,x\n,y\n", b"a,b\n1\n2,3\n", b"a,b\n,\n,\n", b"a,b\nTrue,1\n,2\n", b"a\nNA\nnull\nNone\n", b"a\nnan\n1\n", b"a\n\"\"\n1\n",
    b"a,b,c,d\n#N/A,N/A,n/a,<NA>\n1,2,3,4\n", b"a,b,c,d\n-1.#IND,1.#QNAN,-nan,NaN\n1,x,True,2\n", b"a\nNA \nNull\n",
    # line ends, blank lines, a byte order mark
    b"\xef\xbb\xbfa,b\r\n1,2\r\n", b"a\r1\r2\r", b"a,b\r1,2\r,3\r", b"a\n1\r\n2\n\r3", b" \n\na\n\n1\n  \n2\n", b"a\n1\n2", b"a\n1\n\t \n",
    # quotes
    b'"a\nb",c\n"x\ny",2\n', b'a\n"x"y\n"p""q"\n z"z\n', b'a,b\n"1,5",2\n', b'a\n"1"\n"2"', b'a\n1\n"2" \n', b'a\n"x""y"z"\n', b'a,b\n"",""\n"""",1\n',
    # numbers
    b"a\n 1 \n+2\n-3\n", b"a\n 1.5 \n.5\n5.\n", b"a\n1e5\n2E-3\n-1e+2\n", b"a\n1e22\n", b"a\n1e400\n1\n", b"a\n0x10\n", b"a\n1e\n", b"a\n1e+\n", b"a\n.\n", b"a\n-\n",
    b"a\ninf\n-Infinity\n+INF\n1\n", b"a\n infinity\n", b"a\n1_000\n", b"a\n1 2\n", b"a\n1;2\n", b"a\n\t1\n", b"a,b\n  x ,\t1\n", b"a\n0.1\n0.25\n", b"a\n3.14159265\n2\n",
    b"a\n-9223372036854775808\n9223372036854775807\n", b"a\n18446744073709551616\n", b"a\n9223372036854775808\n-1\n", b"a\n9223372036854775808\n1.5\n",
    b"a\n1.5\n18446744073709551616\n", b"a\n18446744073709551616\n1.5\n", b"a\n-9223372036854775809\n", b"a\n-99999999999999999999\n1.5\n", b"a,b\n9223372036854775808,1\n,2\n",
    b"a,b\n18446744073709551616,1\n,2\n", b"a,b\n-9223372036854775809,1\n,2\n", b"a\n18446744073709551616.5\n", b"a\n9223372036854775808.5\n", b"a\n9223372036854775808\n-x\n",
    b"a\n1e-7\n1\n", b"a\n1234567.5\n0.25\n", b"a\n12345678.125\n", b"a\n1e-400\n1\n", b"a\n-0.0\n1\n",
    # bools
    b"a\nTrue\nfalse\nTRUE\n", b"a\nTrue\n1\n", b"a\nTrue \nFalse\n", b"a,b\nTrue,\nx,True\n", b"a\ntrue\nyes\n",
    # names
    b"a,a,a\n1,2,3\n", b",a,\n1,2,3\n", b"a,a.1,a\n1,2,3\n", b"a,a.1,a,a.1,a.2\n1,2,3,4,5\n", b"Unnamed: 1,,a\n1,2,3\n", b",\n1,2\n", b'" a ",b\n1,2\n',
    # zero bytes end a text; other odd ones pass
    b"a\nx\0y\n", b"a\0b,c\n1,2\n", b"\0\n1\n", b"a\n1\0z\n2\n", "ñ,日本\né,2\nab,3\n".encode(), b"a\n\x01\x7f\n", b"a\n\xf0\x9f\x98\x80x\n",
]  # fmt: skip

BAD = [
    b"", b"\n\n", b"   \n", b"\xef\xbb\xbf", b"a,b\n1,2\n1,2,3,4\n", b"a\n1\n\n\n2,3\n", b'a,b\n"x\ny",1\n1,2,3\n', b'a,b\n1,"x\n', b'a\n"x', b'"', b'"a', b'a\n"', b'a,b\n"1,2\n3,4\n', b'a\n1\n2\n\n"',
    b"a\n\xff\n", b"a\nabc\xe2\x28\xa1\n", b"a\n\xed\xa0\x80\n", b"a\n\xf0\x90\n", b"a\n\xc0\x80\n", b"a\n\xf4\x90\x80\x80\n", b"\x80", b"a\n\xe2\x82\n",
]  # fmt: skip


def frame(csv):
    return pd.read_csv(io.BytesIO(csv))


LETTER = {"int64": "i", "float64": "f", "bool": "b", "object": "o"}
with open(os.path.join(here, "csv_cases.inc"), "w") as f:
    f.write(HEADER + "/* GOOD(csv, its length, types of the columns, str(df)), BAD(csv, its length, error) */\n")
    for csv in CSV:
        df = frame(csv)
        types = "".join(LETTER[str(t)] for t in df.dtypes)
        f.write('GOOD(%s, %d, "%s",\n    %s)\n' % (literal(csv), len(csv), types, literal(str(df))))
    for csv in BAD:
        try:
            frame(csv)
        except ValueError as error:
            f.write("BAD(%s, %d,\n    %s)\n" % (literal(csv), len(csv), literal(str(error).rstrip("\n"))))
        else:
            raise AssertionError(csv)

i = np.arange
FRAMES = {
    "notebook_head": pd.DataFrame(list(range(10)), columns=["value"]).head(),
    "notebook": pd.DataFrame(list(range(10)), columns=["value"]),
    "two_columns": pd.DataFrame([[1.5, 2.0], [3.25, -4.0], [0.0, 100.0]], columns=["x", "long name"]),
    "numbered": pd.DataFrame([[1] * 11, [22] * 11]),
    "bools": pd.DataFrame([True, False, True], columns=["ok"]),
    "none": pd.DataFrame(list(range(10)), columns=["value"]).head(0),
    "numbered_none": pd.DataFrame([[1, 2, 3]]).head(0),
    "but_last": pd.DataFrame(list(range(10)), columns=["value"]).head(-7),
    "special": pd.DataFrame([0.1, 1e7, float("nan"), float("inf")], columns=["x"]),
    "tiny": pd.DataFrame([1e-7, 0.0, -float("inf")], columns=["x"]),
    "large": pd.DataFrame([-0.0, 1e16, 5.0], columns=["x"]),
    "thirds": pd.DataFrame([1 / 3, -2 / 3, 123.5], columns=["x"]),
    "rows_60": pd.DataFrame(i(60), columns=["n"]),
    "rows_61": pd.DataFrame(i(61), columns=["n"]),
    "rows_100": pd.DataFrame(i(200).reshape(100, 2), columns=["a", "bbbbbb"]),
    "rows_2000": pd.DataFrame(i(2000) * 0.5, columns=["a"]),
    "width_79": pd.DataFrame([[1] * 26], columns=list("abcdefghijklmnopqrstuvwxyz")),
    "width_81": pd.DataFrame([[1] * 27], columns=list("abcdefghijklmnopqrstuvwxyzA")),
    "width_80": pd.DataFrame([[10] * 19 + [1]], columns=list("abcdefghijklmnopqrst")),
    "wide": pd.DataFrame(i(3000).reshape(100, 30)),
    "wider": pd.DataFrame(i(600).reshape(3, 200)),
    "wide_floats": pd.DataFrame(i(34).reshape(2, 17) / 8.0),
    "wide_mixed": frame(b"n,%s,last text\n1,%s,y\n" % (b",".join(b"column%d" % k for k in range(12)), b",".join([b"x", b"2"] * 6))),
    "long_name": pd.DataFrame([[1, 2]], columns=["h" * 60, "b"]),
    "one_wide_column": pd.DataFrame([1], columns=["h" * 90]),
    "three_wide_columns": pd.DataFrame([[1, 2, 3]], columns=["a" * 30, "b" * 30, "c" * 30]),
    "escapes": pd.DataFrame([[1, 2]], columns=["a\tb", "c\nd\r"]),
    "long_text": frame(b"a,b\n" + b"x" * 60 + b",1\ny,2\n" + b"z" * 49 + b",3\n" + "é".encode() * 50 + b",4\n"),
    "empty_120": frame(",".join("c%d" % k for k in range(120)).encode()),
}
with open(os.path.join(here, "frame_prints.inc"), "w") as f:
    f.write(HEADER)
    for name, df in FRAMES.items():
        f.write("static const char print_%s[] =\n    %s;\n" % (name, literal(str(df))))
