"""Whatever an author writes comes through every form of markup token by token."""

import json
from html import escape
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.html.test_extract import LATEX
from tests.udfs.html.test_formulas import formulas_of, tokens
from udfs.html import katex, mathml, texhtml, typeset
from udfs.html.extract import extract
from udfs.html.tree import parse

fixed = settings(max_examples=40, derandomize=True, deadline=None)


def attribute(latex):
    return escape(latex, quote=True)


FORMS = {
    "codecogs": lambda x: f'<img src="https://latex.codecogs.com/svg.latex?{attribute(quote(x))}">',
    "codecogs inline": lambda x: (
        '<img src="https://latex.codecogs.com/gif.latex?%5Cinline%20' + quote(x) + '">'
    ),
    "codecogs twice": lambda x: (
        f'<img src="https://latex.codecogs.com/gif.latex?{quote(quote(x))}">'
    ),
    "WordPress": lambda x: (
        f'<img src="https://s0.wp.com/latex.php?latex={quote_plus(x)}&#038;bg=fff&#038;s=0">'
    ),
    "WordPress, alternative text": lambda x: (
        f'<img src="https://s0.wp.com/latex.php?latex=a" class="latex" alt="{attribute(x)}">'
    ),
    "mathtex": lambda x: f'<img src="/cgi-bin/mathtex.cgi?{quote(x)}">',
    "chart": lambda x: f'<img src="https://chart.googleapis.com/chart?cht=tx&chl={quote_plus(x)}">',
    "Zhihu": lambda x: f'<span class="ztext-math" data-tex="{attribute(x)}">q</span>',
    "Quill": lambda x: f'<span class="ql-formula" data-value="{attribute(x)}">q</span>',
    "Canvas": lambda x: (
        f'<img class="equation_image" src="/equation_images/{quote(quote(x))}" alt="">'
    ),
    "MediaWiki": lambda x: (
        '<span class="mwe-math-element"><span style="display: none;"><math><semantics><mi>q</mi>'
        f'<annotation encoding="application/x-tex">{escape(x)}</annotation></semantics></math>'
        f'</span><img class="mwe-math-fallback-image-inline" alt="{attribute(x)}" src="q"></span>'
    ),
    "alttext": lambda x: f'<math alttext="{attribute(x)}"><mi>q</mi></math>',
    "GitHub": lambda x: f"<math-renderer>${escape(x)}$</math-renderer>",
    "GitLab": lambda x: f'<code data-math-style="inline">{escape(x)}</code>',
    "LaTeX2HTML": lambda x: f'<IMG SRC="q.png" ALT="$ {attribute(x)}$">',
    "script": lambda x: f'<script type="math/tex">{x}</script>',
    "Stack Exchange": lambda x: f'<span class="math-container">${escape(x)}$</span>',
    "MathJax 4": lambda x: (
        f'<mjx-container><mjx-math data-latex="{attribute(x)}"></mjx-math></mjx-container>'
    ),
    "LaTeX2HTML's comment": lambda x: (
        f'<!-- MATH\n $ {x}$\n --><IMG SRC="q.png" ALT="$a...\n...b$">'
    ),
}


@pytest.mark.parametrize("form", FORMS)
@fixed
@given(latex=LATEX)
def test_source_comes_through_every_form(form, latex):
    page = f"<html><body><p>Before {FORMS[form](latex)} after.</p></body></html>"
    found = extract(page.encode(), url="https://example.org/", content_type="text/html")
    assert formulas_of(found.text) == (("inline", *tokens(latex.strip())),), found.text


DELIMITERS = st.sampled_from(
    [("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$"), ("@@", "@@"), ("[math]", "[/math]")]
)


@fixed
@given(latex=LATEX, pair=DELIMITERS)
def test_source_comes_through_the_delimiters_that_a_page_declares(latex, pair):
    config = json.dumps({"tex": {"inlineMath": [pair]}})
    page = (
        f"<html><head><script>MathJax = {config}</script><script src='tex-svg.js'></script></head>"
        f"<body><p>Before {pair[0]}{escape(latex)}{pair[1]} after.</p></body></html>"
    )
    found = extract(page.encode(), url="https://example.org/", content_type="text/html")
    assert [each[1:] for each in formulas_of(found.text)] == [tokens(latex.strip())], found.text


TAGS = st.sampled_from(
    str.split(
        """
        span g mjx-container mjx-math mjx-mi mjx-c mjx-mfrac mjx-num mjx-den mjx-msub mjx-script
        mjx-munderover mjx-mroot mjx-root mjx-over mjx-under math mi mo mn mrow mfrac msqrt mroot
        msub munderover mtable mtr mtd mmultiscripts mprescripts none menclose mfenced apply plus
        cn ci sup sub i b img
        """
    )
)
ATTRIBUTES = st.sampled_from(
    [
        "", "class=vlist", "class=vlist-t", "class=mfrac", "class='mord mtight'", "class=msupsub",
        "class=minner", "class='mopen delimcenter'", "class=mclose", "class=mtable",
        "class=col-align-r", "class='mop op-limits'", "class=sqrt", "class='mjx-c1D465'",
        "class='svg-align'", "class=x-arrow", "style='top:-3em;width:0.333em'", "class=sfrac",
        "data-mml-node=mroot", "data-mml-node=munderover", "data-mml-node=mo", "data-c=2211",
        "data-c=FFFFFFFF", "transform='translate(1,-2)'", "open='{' close=''", "class=num",
    ]
)  # fmt: skip
TREES = st.recursive(
    st.sampled_from(["", "x", "12", "∣", "⎛", "√", "{", "\\", "&amp;"]),
    lambda inner: st.builds(
        lambda tag, attributes, parts: f"<{tag} {attributes}>{''.join(parts)}</{tag}>",
        TAGS,
        ATTRIBUTES,
        st.lists(inner, max_size=4),
    ),
    max_leaves=20,
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(TREES)
def test_no_tree_makes_a_converter_raise(markup):
    for node in parse(f"<div>{markup}</div>"):
        if node.tag == "div":
            katex.to_latex(node)
            mathml.to_formula(node)
            texhtml.to_formula(node)
            typeset.to_mathml(node)
