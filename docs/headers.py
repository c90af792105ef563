"""Reads the public headers: what they declare, in which section, with which comment."""
import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def public_headers():
    """cerilla.h and what it includes, in the order of first inclusion, as paths from the root."""
    found = []

    def visit(path):
        if path in found:
            return
        for name in re.findall(r'^#include "(.*)"', open(os.path.join(ROOT, path)).read(), re.M):
            visit(os.path.normpath(os.path.join(os.path.dirname(path), name)))
        found.append(path)

    visit("cerilla.h")
    return found


class Entry:
    """One declaration or function-like macro: name, text (signature), note (comment), section, header."""

    def __init__(self, name, text, note, section, header, macro):
        self.name, self.text, self.note, self.section, self.header, self.macro = name, text, note, section, header, macro


def plain(comment):
    """A comment without its marks, on one line."""
    text = re.sub(r"^\s*/\*+|\*/\s*$", "", comment.strip())
    return re.sub(r"\s+", " ", re.sub(r"\n\s*\* ?", " ", text)).strip()


def tokens(text):
    """Comments, preprocessor lines (continued ones joined) and declarations, one by one; whether it stands on the line of the
    one before, and whether an empty line lies between."""
    at = 0
    pattern = re.compile(r"\s*(/\*.*?\*/|#(?:[^\n\\]|\\\n|\\.)*|(?:[^;{}#/]|/(?!\*))*(?:\{(?:[^{}]|\{[^{}]*\})*\})?[^;{}#/]*;)", re.S)
    while True:
        m = pattern.match(text, at)
        if not m:
            line = text.find("\n", at + 1)
            if line < 0:
                return
            at = line
            continue
        between = text[at:m.start(1)]
        yield m.group(1), "\n" not in between, "\n\n" in between
        at = m.end()


def entries(header):
    section, comment, result, last, several = "", "", [], None, False
    for token, trailing, apart in tokens(open(os.path.join(ROOT, header)).read()):
        if token.startswith("/*"):
            ruled = re.match(r"/\* ---- (.*?) -{3,}(.*)", token, re.S)
            if ruled:
                section, comment, several = ruled.group(1), plain("/*" + ruled.group(2)), True
            elif trailing and last:
                last.note = plain(token)
            else:
                comment, several = plain(token), "\n" in token  # one line: of the next declaration; more: of all below
            continue
        comment = "" if apart else comment
        name = None
        if token.startswith("#define"):
            m = re.match(r"#define ((?:torch|F|nn|optim|pd|safetensors)_\w+)(\([^)]*\))", token)
            name, text = (m.group(1), m.group(1) + m.group(2)) if m else (None, "")
        elif "TORCH_API" in token and "(" in token:
            text = re.sub(r"\b(TORCH_\w+(\([^()]*\))?) ?|;$", "", re.sub(r"\s+", " ", token)).strip()
            m = re.search(r"\b((?:torch|F|nn|optim|pd|safetensors)_\w+)\(", text)
            name = m.group(1) if m else None
        last = Entry(name, text, comment, section, header, token.startswith("#define")) if name else None
        if last:
            last.inline = "static inline" in token
        result += [last] if last else []
        if last and not several:
            comment = ""
    return result
