# SPDX-License-Identifier: Apache-2.0
"""Command lines of reg in scripts and documents, held against what `reg help` says."""

import functools
import re
import shlex
import subprocess

OPTION = re.compile(r"^  (?:(-\w)(?:, )?)?(--[\w-]+)?( <[^>]+>)?(?: |$)")
BEFORE_COMMAND = {"if", "then", "else", "do", "while", "until", "!", "exec", "run", "{"}
OPERATOR = re.compile(r"[;<>|&()]+")


class Commands:
    """What the subcommands of a binary take."""

    def __init__(self, reg):
        self.reg = reg

    @functools.cache
    def options(self, subcommand):
        """Each option of a subcommand, and whether it takes a value; None where there is no such subcommand."""
        told = subprocess.run([self.reg, "help", *subcommand.split()], capture_output=True, text=True)
        usage = re.search(r"^USAGE: reg (.*)$", told.stdout, re.M)
        if told.returncode != 0 or not usage or not (usage[1] + " ").startswith(subcommand + " "):
            return None
        options = {}
        for line in told.stdout.splitlines():
            if (match := OPTION.match(line)) and (match[1] or match[2]):
                options |= {name: bool(match[3]) for name in match.group(1, 2) if name}
        return options

    def problem(self, words):
        """What is wrong with the words after `reg`; None where reg would take them."""
        if not words or words[0] in ("--version", "--help", "help"):
            return None
        subcommand, rest = words[0], words[1:]
        if rest and subcommand in ("store", "manifest", "hooks") and self.options(f"{subcommand} {rest[0]}"):
            subcommand, rest = f"{subcommand} {rest[0]}", rest[1:]
        options = self.options(subcommand)
        if options is None:
            return f"there is no 'reg {subcommand}'"
        return options_problem(subcommand, options, iter(rest))


def options_problem(subcommand, options, words):
    for word in words:
        if word == "--":
            return None
        if not word.startswith("-") or word == "-":
            continue
        name, has_value, _ = word.partition("=")
        if name not in options:
            return f"'reg {subcommand}' has no {name}"
        if options[name] and not has_value and next(words, None) is None:
            return f"{name} of 'reg {subcommand}' has no value"
    return None


def without_comments(script):
    return "\n".join(line for line in script.splitlines() if not line.lstrip().startswith("#"))


def in_script(script):
    """The words after `reg` of each command line in a script of a shell."""
    lexer = shlex.shlex(without_comments(script).replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.commenters = ""
    lexer.whitespace = " \t"
    lexer.wordchars += "$@{}:%,^+!…"
    words = [";" if word == "\n" else word for word in lexer]
    found, taken = [], None
    for before, word in zip([";"] + words, words + [";"]):
        if taken is not None:
            if OPERATOR.fullmatch(word):
                found.append(taken)
                taken = None
            else:
                taken.append(word)
        elif word == "reg" and (before in BEFORE_COMMAND or OPERATOR.fullmatch(before)):
            taken = []
    return found + ([taken] if taken is not None else [])


def in_document(text):
    """Those of a document: lines of its `console` and `sh` blocks, and what stands between backquotes."""
    found = []
    for kind, block in re.findall(r"^```(\w*)\n(.*?)^```", text, re.M | re.S):
        if kind == "console":
            block = block.replace("\\\n", " ")
            block = "\n".join(line[2:] for line in block.splitlines() if line.startswith("$ "))
        if kind in ("console", "sh"):
            found += in_script(block)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    for span in re.findall(r"`(reg [^`]+)`", prose):
        # One that ends with an option is named for it: `reg push --metrics`.
        found += [words + ["…"] for words in in_script(span.replace("[", "").replace("]", ""))]
    return found
