"""Properties of extraction: it never fails, and formulas come out whole and once."""

import html as entities

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.html.extract import MAX_BYTES, Extraction, extract
from udfs.html.stage import REASONS

fixed = settings(max_examples=120, derandomize=True, deadline=None)

PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<b>",
        "</i>",
        "<table>",
        "<tr>",
        "<td>",
        "<ul>",
        "<li>",
        "<pre>",
        "<code>",
        "<math>",
        "<mi>",
        "<mfrac>",
        "<msub>",
        "<mtable>",
        "<mtr>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<svg>",
        "</svg>",
        "<img",
        "<a",
        "<sup>",
        "</sup>",
        "<h1>",
        "<ol>",
        "<blockquote>",
        "<annotation>",
        "<semantics>",
        "<annotation-xml>",
        "<br>",
        "<span",
        "</span>",
        "<title>",
        "<textarea>",
        "<style>",
        "class=math",
        "class=katex",
        "class=MathJax",
        "href=#fn1",
        "id=fn1",
        "alt='$x$'",
        "src=latex.php?latex=x",
        "hidden",
        "\\(",
        "\\)",
        "\\[",
        "\\]",
        "$",
        "$$",
        "`",
        "\\",
        "{",
        "}",
        "\\begin{align}",
        "\\end{align}",
        "```",
        "&",
        "&amp;",
        "&#xE001;",
        "&#0;",
        "\x00",
        "\ue001",
        "\ue0021",
        "\ufffe",
        ">",
        "'",
        '"',
        "text",
        "1.5",
        "\xe9",
        "\u6570\u5b66",
        "\ud7ff",
    ]
)
SOUP = st.lists(PIECES | st.text(max_size=4), max_size=60).map(" ".join)


def run(page: str | bytes, content_type: str | None = "text/html; charset=utf-8") -> Extraction:
    data = page.encode("utf-8", "replace") if isinstance(page, str) else page
    return extract(data, url="https://example.org/", content_type=content_type)


def check(found: Extraction) -> None:
    assert (found.text is None) == (found.rejected_by is not None)
    if found.text is None:
        assert found.rejected_by in REASONS
    else:
        assert found.text.strip()
        found.text.encode("utf-8")


@fixed
@given(st.binary(max_size=300), st.none() | st.text(max_size=30))
def test_no_bytes_make_it_raise(data, content_type):
    check(run(data, content_type))
    check(run(b"<html><p>" + data, content_type))


@settings(fixed, max_examples=300)
@given(SOUP)
def test_no_markup_makes_it_raise(page):
    check(run("<html><script src=ASCIIMathML.js></script>" + page))


@fixed
@given(SOUP)
def test_same_page_gives_same_text(page):
    assert run(page) == run(page)


ATOMS = st.sampled_from(
    [
        *"abxyn123",
        "\\alpha",
        "\\frac{1}{2}",
        "x_{i}",
        "y^2",
        "\\{",
        "\\}",
        "\\\\",
        " < ",
        " > ",
        " & ",
        "*",
        "_a",
        "|",
        "\\text{ if }",
        "\\left(",
        "\\right)",
        "\\%",
        "\\,",
        "[",
        "]",
        "''",
        "~",
        "#",
        "&lt",
        "`",
    ]
)
# The first atom makes it long enough to be told from the words around it.
LATEX = (
    st.lists(ATOMS, min_size=1, max_size=12)
    .map(lambda atoms: "\\omega_{q}" + " ".join(atoms))
    .map(str.strip)
)

FORMS = {
    "parentheses": "<p>Before \\({}\\) after.</p>",
    "brackets": "<p>Before \\[{}\\] after.</p>",
    "in a list": "<ul><li>One</li><li>Two <b>\\({}\\)</b></li></ul>",
    "in a quote": "<blockquote><p>Said: \\[{}\\]</p></blockquote>",
    "in a table": "<table><tr><th>a<th>b</tr><tr><td>\\({}\\)</td><td>c</td></tr></table>",
    "in a heading": "<h2>On \\({}\\)</h2>",
    "span": '<p>Before <span class="math inline">\\({}\\)</span> after.</p>',
    "annotation": "<p>A <math><semantics><mi>q</mi>"
    '<annotation encoding="application/x-tex">{}</annotation></semantics></math> b.</p>',
    "alt": '<p>A <img class="math" src="x.png" alt="{}"> b.</p>',
    "katex": '<p>A <span class="katex"><span class="katex-mathml"><math><semantics><mi>q</mi>'
    '<annotation encoding="application/x-tex">{}</annotation></semantics></math></span>'
    '<span class="katex-html" aria-hidden="true"><span>q</span></span></span> b.</p>',
}


@pytest.mark.parametrize("form", FORMS)
@settings(fixed, max_examples=40)
@given(latex=LATEX)
def test_formula_comes_out_whole_and_once(form, latex):
    text = run(
        "<html><body>" + FORMS[form].replace("{}", entities.escape(latex)) + "</body></html>"
    ).text
    wanted = "".join(latex.split())
    squeezed = "".join(text.split())
    assert squeezed.count(f"${wanted}$") == 1, text
    assert squeezed.count("\\omega_{q}") == 1, text


@settings(fixed, max_examples=60)
@given(st.text(alphabet="ab ()\\_*`~#\t\n", min_size=1, max_size=40))
def test_code_keeps_every_character(code):
    text = run(f"<html><body><p>See</p><pre>x{entities.escape(code)}y</pre></body></html>").text
    inside = text.split("```", 1)[1].strip("`")
    wanted = [line.rstrip() for line in f"x{code}y".split("\n")]
    assert inside.strip("\n").split("\n") == wanted


def test_money_is_no_formula():
    text = run("<p>From $5 to $10, $1,000-$2,000, US$3 and $x.</p>").text
    assert text == "From \\$5 to \\$10, \\$1,000-\\$2,000, US\\$3 and \\$x."


@pytest.mark.parametrize(
    "tag",
    ["div", "b", "span", "ul><li", "blockquote", "table><tr><td", "sup", "math><mrow", "i><p"],
)
def test_ten_thousand_nested_tags_keep_their_text(tag):
    found = run(f"<html><body><p>Above \\(x\\).</p>{f'<{tag}>' * 10_000}deep")
    assert "Above $x$." in found.text


def test_a_payload_beyond_the_limit_is_rejected():
    assert run(b"<p>" + b"x" * MAX_BYTES).rejected_by == "too_big"


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (b"", "empty_body"),
        (b"\r\n \x00", "empty_body"),
        (b"%PDF-1.7 <p>", "not_html"),
        (b"\x89PNG\r\n\x1a\n<html>", "not_html"),
        (b'{"a": "<p>x</p>"}', "not_html"),
        (b"just words", "not_html"),
        (b"<html><body><script>x</script></body></html>", "no_text"),
    ],
)
def test_what_is_no_page_has_a_reason(page, reason):
    assert run(page).rejected_by == reason


def test_language_is_that_of_the_prose():
    page = (
        "<p>Der Satz verbindet die Seiten eines rechtwinkligen Dreiecks \\({}\\) miteinander.</p>"
    )
    assert (
        run(
            page.replace("{}", "a^2 + b^2 = c^2 \\text{ for the sides of the triangle}" * 9)
        ).language
        == "de"
    )


def test_formula_of_a_hundred_kilobytes_is_whole():
    latex = "x_1 + " * 16_000 + "y"
    assert run(f"<p>\\[{latex}\\]</p>").text == f"$${latex}$$"


def test_no_place_holder_of_a_formula_stays_in_another():
    page = "<script src=ASCIIMathML.js></script><p>`a <span class=math>\\(x^2\\)</span> b` \\(y\\)"
    text = run(page).text
    assert "$x^2$" in text
    assert "$y$" in text
    assert not any("\ue000" <= character <= "\uf8ff" for character in text)


@pytest.mark.parametrize(
    "page",
    [
        # A closing tag that the parser leaves inside a script, and a `>` right behind it.
        "<script><!--t<script></script</html>>",
        # Lengths that are no numbers, in the layout of KaTeX and in MathML.
        '<span class="katex"><span class="katex-html"><span class="mspace" '
        'style="margin-right:0.0.686em"></span></span></span>',
        '<span class="katex"><span class="katex-html"><span class="vlist"><span '
        'style="top:-.em;"><span class="pstrut" style="height:..5em"></span>x</span></span>'
        "</span></span>",
        '<math><mi>x</mi><mspace width="0.0.9em"/><mi>y</mi></math>',
    ],
)
def test_markup_that_broke_a_reader_is_read(page):
    found = extract(page.encode(), url="https://example.org/", content_type=None)
    assert (found.text is None) == (found.rejected_by is not None)
