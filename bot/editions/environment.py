"""The Jinja environments of mails, and how their faults are told: file and line, in one line."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import (
    BytecodeCache,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    nodes,
    pass_context,
)
from jinja2.bccache import Bucket
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.errors import RenderError
from bot.model import Phrase

_KEPT = 500
"""Templates that are kept compiled; then it begins anew."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")

_BREAKS = re.compile(r"[ \t\r\n\f\v\x85\u2028\u2029]+")


class Structure(str):
    """Text that stands in MJML as it is: a template's own literals, checked tokens, holes.

    Every operation on it gives a plain ``str`` again, so nothing foreign can be joined to it and pass as structure.
    """

    __slots__ = ()


class _Generator(CodeGenerator):
    def visit_FilterBlock(self, node: nodes.FilterBlock, frame: Frame) -> None:  # noqa: N802, ARG002
        # Its output is written without finalize: the one way a value could reach MJML unseen.
        self.fail("{% filter %} cannot be used in a digest; filter the value: {{ value | upper }}", node.lineno)


class Compiled(BytecodeCache):
    """Templates compiled once for many renderings in other environments: that takes most of a digest's time.

    By name and content: one that was changed on disk is compiled anew. For environments with the same filters.
    """

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if len(self._code) >= _KEPT:
            self._code.clear()
        if bucket.code:
            self._code[bucket.key, bucket.checksum] = bucket.code


class _Loader(FileSystemLoader):
    def __init__(self, folders: list[Path], environment: MailEnvironment) -> None:
        super().__init__(folders)
        self._environment = environment

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, filename, uptodate = super().get_source(environment, template)
        self._environment.sources[filename or template] = source
        return source, filename, uptodate


class MailEnvironment(ImmutableSandboxedEnvironment):
    """Sandboxed and strict. ``show`` turns each printed value into what stands in the output.

    A macro, a ``{% set %}`` block or a ``{% block %}`` gives ``Structure``: all in it was shown already.
    ``sources`` holds the text of each template that was loaded, by file. ``compiled`` keeps them for other environments
    with the same filters.
    """

    code_generator_class = _Generator
    concat = staticmethod(lambda parts: Structure("".join(parts)))

    def __init__(self, folders: Sequence[Path], show: Callable[[Any], str], compiled: Compiled | None = None) -> None:
        self.sources: dict[str, str] = {}

        @pass_context
        def finalize(_context: Context, value: Any) -> str:
            # With a context it is called for literals too, not once when the template is compiled: each rendering
            # shows its own.
            return show(value)

        super().__init__(
            loader=_Loader(list(folders), self),
            bytecode_cache=compiled,
            undefined=StrictUndefined,
            finalize=finalize,
            autoescape=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        # The sandbox's str.format gives back the type it was called on: that must not be Structure.
        wrapped = super().wrap_str_format(value)
        return wrapped and (lambda *args, **kwargs: str(wrapped(*args, **kwargs)))


def clean(value: Any) -> str:
    """``value`` as text without control characters; ``None`` is empty."""
    return "" if value is None else _CONTROL.sub("", str(value))


def one_line(value: Any) -> str:
    """``value`` as text in one line: no control characters, white space collapsed; wide and no-break spaces stay."""
    return clean(_BREAKS.sub(" ", str(value))).strip(" ")


def letters_of(text: str) -> str:
    """Only the letters and figures of ``text``, case folded: two texts with the same ones say the same words."""
    return re.sub(r"\W+", "", text).casefold()


def render(environment: MailEnvironment, template: str, context: Mapping[str, Any]) -> str:
    """Renders ``template`` (a path below the template folders). Raises ``RenderError`` naming file and line."""
    with faults_named(template):
        return environment.get_template(template).render(context)


@contextmanager
def faults_named(name: str) -> Iterator[None]:
    """Turns whatever a template raises into a ``RenderError``; ``name`` is what stands for a template from a string."""
    try:
        yield
    except RenderError:
        raise
    except TemplateNotFound as error:
        missing = str(error.name or error)
        raise RenderError(
            Phrase(
                "templates/%(missing)s: there is no such template; it is needed by %(name)s", missing=missing, name=name
            )
        ) from error
    except TemplateSyntaxError as error:
        raise RenderError(f"{error.filename or name}:{error.lineno}: {_short(error.message)}") from error
    except Exception as error:
        # A template can fail in any way Python can; Jinja has put its file and line into the traceback.
        file, line = _place(error, name)
        raise RenderError(f"{file}:{line}: {_short(str(error) or type(error).__name__)}") from error


def _place(error: BaseException, name: str) -> tuple[str, int]:
    frames = [
        (frame.filename, frame.lineno or 0)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.endswith(".j2") or frame.filename == "<template>"
    ]
    file, line = frames[-1] if frames else (name, 1)
    return (name if file == "<template>" else file), line


def _short(message: str | None) -> str:
    return one_line(message or "does not render")[:200]
