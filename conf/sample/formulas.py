r"""Writes a LaTeX formula in each markup in which mathematics stands on the web.

A renderer takes the LaTeX, the markup as written after `|||` in the source (or the LaTeX
again), and whether the formula is a display; it returns HTML. The forms are those that the
named programs emit: MathJax 2 and 3, KaTeX 0.16, MediaWiki's Math extension, LaTeXML,
Sphinx, Doxygen, WordPress, pandoc, kramdown, Python-Markdown's Arithmatex, nbconvert.
"""

from __future__ import annotations

import hashlib
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree as ET

from latex2mathml.converter import convert

from conf.sample import katex

if TYPE_CHECKING:
    from collections.abc import Callable

    Renderer = Callable[[str, str, bool], str]

_MATHML = "http://www.w3.org/1998/Math/MathML"


def presentation(latex: str, *, display: bool) -> ET.Element:
    """Convert LaTeX to presentation MathML.

    Args:
        latex: the formula without delimiters.
        display: whether it stands on a line of its own.

    Returns:
        The `math` element, without namespace prefixes.
    """
    root = ET.fromstring(convert(latex, display="block" if display else "inline"))  # noqa: S314 (our own formulas)
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    return root


def _inner(root: ET.Element) -> str:
    return "".join(ET.tostring(child, encoding="unicode") for child in root)


def _name(latex: str) -> str:
    return hashlib.sha1(latex.encode(), usedforsecurity=False).hexdigest()


def _pair(inline: tuple[str, str], block: tuple[str, str]) -> Renderer:
    def render(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
        before, after = block if display else inline
        return f"{before}{escape(latex, quote=False)}{after}"

    return render


def _math_script(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    mode = "; mode=display" if display else ""
    preview = f'<span class="MathJax_Preview">{escape(latex, quote=False)}</span>'
    return f'{preview}<script type="math/tex{mode}">{latex}</script>'


def _kramdown(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    mode = "; mode=display" if display else ""
    # kramdown wraps what would not be well-formed XML.
    text = f"% <![CDATA[\n{latex} %]]>" if "<" in latex or "&" in latex else latex
    return f'<script type="math/tex{mode}">{text}</script>'


def _katex(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    root = presentation(latex, display=False)
    block = ' display="block"' if display else ""
    annotation = (
        f'<annotation encoding="application/x-tex">{escape(latex, quote=False)}</annotation>'
    )
    both = (
        f'<span class="katex"><span class="katex-mathml"><math xmlns="{_MATHML}"{block}><semantics>'
        f"{_inner(root)}{annotation}</semantics></math></span>{katex.html(root)}</span>"
    )
    return f'<span class="katex-display">{both}</span>' if display else both


def _katex_html(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    alone = f'<span class="katex">{katex.html(presentation(latex, display=False))}</span>'
    return f'<span class="katex-display">{alone}</span>' if display else alone


def _mathml_tex(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    root = presentation(latex, display=display)
    block = ' display="block"' if display else ""
    return (
        f'<math xmlns="{_MATHML}"{block}><semantics>{_inner(root)}'
        f'<annotation encoding="application/x-tex">{escape(latex, quote=False)}</annotation>'
        "</semantics></math>"
    )


def _mathml(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    block = ' display="block"' if display else ""
    return f'<math xmlns="{_MATHML}"{block}>{_inner(presentation(latex, display=display))}</math>'


def _mathml_content(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    block = ' display="block"' if display else ""
    return f'<math xmlns="{_MATHML}"{block}>{written}</math>'


def _asciimath(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    text = f"`{escape(written, quote=False)}`"
    return f'<p class="formula">{text}</p>' if display else text


def _codecogs(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    style = "" if display else "\\inline "
    source = quote(style + latex, safe="()=+-,").replace("%20", "&amp;space;")
    image = f'<img src="https://latex.codecogs.com/svg.image?{source}" title="{escape(latex)}" />'
    return f'<p align="center">{image}</p>' if display else image


def _wordpress(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    text = f"\\displaystyle {latex}" if display else latex
    image = (
        f'<img src="https://s0.wp.com/latex.php?latex={quote(text, safe="")}'
        f'&#038;bg=ffffff&#038;fg=333333&#038;s=0&#038;c=20201002" alt="{escape(text)}" '
        'class="latex" />'
    )
    return f'<p style="text-align:center;">{image}</p>' if display else image


def _imgmath(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    source = f"_images/math/{_name(latex)}.png"
    image = f'<img class="math" src="{source}" alt="{escape(latex)}"/>'
    return f'<div class="math">\n<p>{image}</p>\n</div>' if display else image


def _doxygen(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    source = f"form_{int(_name(latex)[:4], 16) % 500}.png"
    if display:
        return (
            f'<p class="formulaDsp">\n<img class="formulaDsp" alt="\\[ {escape(latex)} \\]" '
            f'src="{source}"/>\n</p>'
        )
    return f'<img class="formulaInl" alt="${escape(latex)}$" src="{source}"/>'


def _mediawiki(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    styled = f"{{\\displaystyle {latex}}}"
    form = "display" if display else "inline"
    root = presentation(latex, display=display)
    block = ' display="block"' if display else ""
    return (
        f'<span class="mwe-math-element mwe-math-element-{form}">'
        f'<span class="mwe-math-mathml-{form} mwe-math-mathml-a11y" style="display: none;">'
        f'<math{block} xmlns="{_MATHML}" alttext="{escape(styled)}"><semantics><mrow '
        'class="MJX-TeXAtom-ORD"><mstyle displaystyle="true" scriptlevel="0">'
        f'{_inner(root)}</mstyle></mrow><annotation encoding="application/x-tex">'
        f"{escape(styled, quote=False)}</annotation></semantics></math></span>"
        f'<img src="/media/math/render/svg/{_name(latex)}" class="mwe-math-fallback-image-{form} '
        f'mw-invert skin-invert" aria-hidden="true" style="vertical-align: -0.671ex" '
        f'alt="{escape(styled)}"></span>'
    )


def _latexml(latex: str, written: str, display: bool) -> str:  # noqa: ARG001
    root = presentation(latex, display=display)
    mode = "block" if display else "inline"
    math = (
        f'<math alttext="{escape(latex)}" class="ltx_Math" display="{mode}" '
        f'id="{_name(latex)[:8]}"><semantics>{_inner(root)}'
        f'<annotation encoding="application/x-tex">{escape(latex, quote=False)}</annotation>'
        "</semantics></math>"
    )
    if not display:
        return math
    return (
        '<table class="ltx_equation ltx_eqn_table"><tbody><tr class="ltx_equation ltx_eqn_row">'
        '<td class="ltx_eqn_cell ltx_eqn_center_padleft"></td><td class="ltx_eqn_cell '
        f'ltx_align_center">{math}</td><td class="ltx_eqn_cell ltx_eqn_center_padright"></td>'
        "</tr></tbody></table>"
    )


FORMATS: dict[str, Renderer] = {
    "mathjax": _pair(("\\(", "\\)"), ("\\[", "\\]")),
    "mathjax_dollar": _pair(("$", "$"), ("$$", "$$")),
    "mathjax_script": _math_script,
    "katex": _katex,
    "katex_html": _katex_html,
    "katex_auto": _pair(("\\(", "\\)"), ("$$", "$$")),
    "mathml_tex": _mathml_tex,
    "mathml": _mathml,
    "mathml_content": _mathml_content,
    "asciimath": _asciimath,
    "codecogs": _codecogs,
    "wordpress": _wordpress,
    "wordpress_dollar": _pair(("$latex ", "$"), ("$latex \\displaystyle ", "$")),
    "imgmath": _imgmath,
    "doxygen": _doxygen,
    "mediawiki": _mediawiki,
    "plain_dollar": _pair(("$", "$"), ("$$", "$$")),
    "latexml": _latexml,
    "stackexchange": _pair(
        ('<span class="math-container">$', "$</span>"),
        ('<span class="math-container">$$', "$$</span>"),
    ),
    "sphinx": _pair(
        ('<span class="math notranslate nohighlight">\\(', "\\)</span>"),
        ('<div class="math notranslate nohighlight">\n\\[', "\\]</div>"),
    ),
    "arithmatex": _pair(
        ('<span class="arithmatex">\\(', "\\)</span>"),
        ('<div class="arithmatex">\\[', "\\]</div>"),
    ),
    "pandoc": _pair(
        ('<span class="math inline">\\(', "\\)</span>"),
        ('<span class="math display">\\[', "\\]</span>"),
    ),
    "jupyter": _pair(("$", "$"), ("$$", "$$")),
    "kramdown": _kramdown,
}

# Formats from which the author's LaTeX cannot be read back letter by letter.
WITHOUT_LATEX = frozenset({"katex_html", "mathml", "mathml_content", "asciimath"})
