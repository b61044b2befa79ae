"""Markdown → the fields of its front matter and its words as plain text.

Knows no article and no file; reads the Markdown that news articles need, not tables or footnotes.
"""

from __future__ import annotations

import html
import re

from rag.errors import CorpusError

_FRONT = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TITLE = re.compile(r"\s*# +(\S.*)(?:\n|\Z)")
_HEADING = re.compile(r" {0,3}#{1,6}\s+(\S.*)")
_ITEM = re.compile(r"\s*(?:[-*+]\s+|(?=(\d{1,9})[.)]\s))(.+)")
_QUOTE = re.compile(r"^\s{0,3}(?:>\s?)+")
_BREAK = re.compile(r"\s{0,3}(?:(?:[-*_]\s*+){3,}+|=++\s*+|(?:```|~~~).*)$")
_TAGS = (
    "a|abbr|aside|audio|b|blockquote|br|cite|code|del|details|div|em|embed|figcaption|figure|font|form|h[1-6]|hr|i|iframe|"
    "img|input|ins|kbd|li|link|mark|meta|object|ol|p|picture|pre|q|s|script|section|small|source|span|strong|style|sub|"
    "summary|sup|svg|table|tbody|td|tfoot|th|thead|time|tr|u|ul|video"
)
_TAG = re.compile(rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_HIDDEN = re.compile(r"<!--|<(script|style)\b", re.IGNORECASE)
_TARGET = r"\((?:[^()\s]|\([^()\s]*\))*(?:\s+[\"'][^\"'\n]*[\"'])?\)"
# Order matters: an image holds a link's form, bold holds that of italics, escapes must outlive both.
_LINKS = (
    (re.compile(rf"!\[[^\[\]]*\]{_TARGET}"), ""),
    (re.compile(rf"\[([^\[\]]*)\]{_TARGET}"), r"\1"),
    (re.compile(r"<(https?://[^<>\s]+)>"), r"\1"),
)
_EMPHASIS = (
    (re.compile(r"(?<!\\)\*\*(?=\S)"), re.compile(r"(?<=\S)\*\*")),
    (re.compile(r"(?<!\\)__(?=\S)"), re.compile(r"(?<=\S)__")),
    # not inside a word: "Bürger*innen und Leser*innen" holds no italics
    (re.compile(r"(?<![\w*\\])\*(?=[^\s*])"), re.compile(r"(?<=[^\s*\\])\*(?![\w*])")),
    (re.compile(r"(?<![\w\\])_(?=[^\s_])"), re.compile(r"(?<=[^\s_\\])_(?!\w)")),
)
_LITERALS = (
    (re.compile(r"(?<!\\)`([^`]+)`"), r"\1"),
    (re.compile(r"\\([!-/:-@\[-`{-~])"), r"\1"),
)
_NOTHING = ("", "~", "null", "Null", "NULL")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]\w{1,30});", re.IGNORECASE)


def read_markdown(raw: str, where: str) -> dict[str, object]:
    """The front matter's fields and ``text``; where no title is there, a first ``# Heading`` becomes it.

    Raises CorpusError, naming file and line, if the front matter is no YAML mapping or does not end.
    """
    raw = raw.replace("\r\n", "\n").replace("\r", "\n")
    fields, body = _front_matter(raw, where)
    heading = _TITLE.match(body)
    if heading and "title" not in fields:
        fields, body = {**fields, "title": _inline(heading[1].rstrip("# "))}, body[heading.end() :]
    return {**fields, "text": plain(body)}


def plain(body: str) -> str:
    """The words of Markdown: a paragraph or list item a line, an empty line between paragraphs."""
    blocks: list[list[str]] = [[]]
    in_list = False
    for line in _TAG.sub("", _visible(body)).split("\n"):
        line = _QUOTE.sub("", line).rstrip().removesuffix("\\")  # a hard break is no break of thought
        heading, item, parts = _HEADING.match(line), _ITEM.match(line), blocks[-1]
        if not line.strip() or _BREAK.match(line):
            blocks.append([])
            in_list = False
        elif heading:
            blocks += [[_without_closing(heading[1].rstrip())], []]
        elif item and (not item[1] or in_list or not parts or item[1] == "1"):  # else a date that a line begins with
            parts.append("\n" + item[2].strip())
            in_list = True
        else:
            parts.append(" " + line.strip())
    return "\n\n".join("\n".join(map(_inline, "".join(parts).strip().split("\n"))) for parts in blocks if parts)


def _without_closing(heading: str) -> str:
    """``Kosten ##`` → ``Kosten``, but not ``C#``."""
    words = heading.rstrip("#")
    return words.rstrip() if words[-1:].isspace() else heading


def _visible(body: str) -> str:
    """The text without comments and scripts; by hand, since one pattern takes square time where none of them ends."""
    kept, at = [], 0
    while opening := _HIDDEN.search(body, at):
        closing = re.compile(rf"</{opening[1]}\s*>" if opening[1] else "-->", re.IGNORECASE).search(body, opening.end())
        if not closing:
            break
        kept.append(body[at : opening.start()])
        at = closing.end()
    return "".join(kept) + body[at:]


def _inline(line: str) -> str:
    for pattern, replacement in _LINKS:
        line = pattern.sub(replacement, line)
    for opening, closing in _EMPHASIS:
        line = _without_marks(line, opening, closing)
    for pattern, replacement in _LITERALS:
        line = pattern.sub(replacement, line)
    return _ENTITY.sub(lambda match: html.unescape(match[0]), line).strip()


def _without_marks(line: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str:
    """By hand too: where no mark closes after an opening one, none closes after the next."""
    kept, at = [], 0
    while (first := opening.search(line, at)) and (last := closing.search(line, first.end() + 1)):
        kept += [line[at : first.start()], line[first.end() : last.start()]]
        at = last.end()
    return "".join(kept) + line[at:]


def _front_matter(raw: str, where: str) -> tuple[dict[str, object], str]:
    import yaml  # type: ignore[import-untyped,unused-ignore]

    if not re.match(r"---[ \t]*(?:\n|\Z)", raw):
        return {}, raw
    front = _FRONT.match(raw)
    if not front:
        raise CorpusError(f"{where}, line 1: the front matter does not end; close it with a line ---.")
    try:
        fields = yaml.load(front[1], Loader=yaml.BaseLoader) or {}  # text only: no objects, no error for a wrong date
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        reason = " ".join(str(getattr(error, "problem", None) or type(error).__name__).split())
        raise CorpusError(f"{where}, line {line}: the front matter is no YAML ({reason}); mend that line.") from error
    if not isinstance(fields, dict):
        raise CorpusError(f"{where}, line 2: the front matter is no mapping; write one `name: value` a line.")
    return {name: value for name, value in fields.items() if value not in _NOTHING}, raw[front.end() :]
