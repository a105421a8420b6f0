"""Level 8, web, pages: the environment of the templates, made quick for pages of a thousand parts.

Jinja looks at everything that is called whether it wants the context, reads keys of a dictionary by way of a
failed attribute, and translates and formats a text again wherever it stands. Here nothing that templates call
wants the context; what is told as JSON is read by its keys; and a text without values is made once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from babel.support import NullTranslations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Context
from markupsafe import Markup

FOLDER: Final = Path(__file__).parent.parent / "templates"


class _Context(Context):
    """Calls what is called, as it is."""

    def call(
        self,
        called: Callable[..., Any],
        *args: Any,
        _loop_vars: object = None,
        _block_vars: object = None,
        **named: Any,
    ) -> Any:
        return called(*args, **named)


class Templates(Environment):
    """The templates with the texts of a language; no global or filter of theirs may be given the context."""

    context_class = _Context

    def __init__(self, texts: NullTranslations) -> None:
        super().__init__(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            extensions=["jinja2.ext.i18n"],
        )
        self.policies["ext.i18n.trimmed"] = True

        @cache
        def plain(text: str) -> Markup:
            return Markup(texts.ugettext(text)) % {}

        def gettext(text: str, /, **values: object) -> Markup:
            return Markup(texts.ugettext(text)) % values if values else plain(text)

        def ngettext(one: str, several: str, number: int, /, **values: object) -> Markup:
            return Markup(texts.ungettext(one, several, number)) % {"num": number, **values}

        self.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
        self.globals |= {"_": gettext, "gettext": gettext, "ngettext": ngettext}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As Jinja does it, but of a dictionary the key first."""
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        try:
            return getattr(obj, attribute)
        except AttributeError:
            return super().getattr(obj, attribute)
