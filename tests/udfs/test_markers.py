r"""Markers: the mechanism on small sets, and the recall of the math domain on forms of the web."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conf.settings import CONF
from udfs.markers import Markers

LOADER = b'<script src="https://cdn.example/MathJax.js?config=TeX"></script>'


@pytest.fixture(scope="module")
def math():
    return Markers(yaml.safe_load((CONF / "domains" / "math.yaml").read_text())["markers"])


def page(body, head=b""):
    return b"<!DOCTYPE html><html><head>%s</head><body>%s</body></html>" % (head, body)


WITH_FORMULAS = {
    "mathml": page(b"<p>Area <math><mi>a</mi></math></p>"),
    "prefixed mathml": page(b"<m:math><m:mi>a</m:mi></m:math>"),
    "mathjax parentheses": page(rb"<p>Let \(n\) be even.</p>"),
    "mathjax brackets": page(b"<p>So \\[\nn = 2k\n\\] holds.</p>"),
    "environment": page(rb"<p>\begin{align} a &= b \end{align}</p>"),
    "dollars with a command": page(rb"<p>Take $\frac{1}{2}$ of it.</p>"),
    "one letter between dollars, with a loader": page(b"<p>Let $n$ be even.</p>", LOADER),
    "dollars in number": page(b"<p>$a$ and $b$ give $c^2$; $d$ is $e$, and $f$ too.</p>"),
    "double dollars with a loader": page(b"<p>$$ n = 2k $$</p><p>$$n+1$$</p>", LOADER),
    "tex script": page(b'<script type="math/tex">x^2</script>'),
    "tex script, unquoted": page(b"<script type=math/tex;mode=display>x^2</script>"),
    "katex": page(b'<span class="katex"><span class="katex-html">x</span></span>'),
    "katex, unquoted": page(b"<span class=katex><span class=katex-html>x</span></span>"),
    "wordpress image": page(b'<img src="https://s0.example/latex.php?latex=x%5E2" alt="x^2">'),
    "wordpress source": page(b"<p>$latex x&#94;2$</p>"),
    "codecogs": page(b'<img src="https://latex.codecogs.com/gif.latex?x">'),
    "mathtex": page(b'<img src="/cgi-bin/mathtex.cgi?x">'),
    "sphinx image": page(b'<img class="math" src="_images/math/1.png" alt="x">'),
    "doxygen image": page(b'<img class="formulaInl" alt="$x$" src="form_0.png">'),
    "alternative text": page(b'<img src="f.png" alt="$n$">'),
    "mediawiki": page(b'<span class="mwe-math-element"><img alt="{\\displaystyle n}"></span>'),
    "latexml": page(b'<span class="ltx_Math">n</span>'),
    "asciimath": page(b"<p>Look: `x/2`</p>", b'<script src="ASCIIMathML.js"></script>'),
    "latex2html": page(b'<IMG WIDTH="9" SRC="img1.png" ALT="$ n^2$">'),
    "upper case mathml": page(b"<MATH><MI>a</MI></MATH>"),
    "any prefix of mathml": page(b"<mathml:math><mathml:mi>a</mathml:mi></mathml:math>"),
    "katex, mathml alone": page(b'<span class="katex-mathml">x</span>'),
    "character references": page(b"<p>Let &#92;(n&#92;) be even.</p>"),
    "dollar references": page(b"<p>Let &#36;n^2&#36; be even.</p>"),
    "chemistry": page(rb"<p>Burn $\ce{CH4}$.</p>"),
    "switched off plug-in": page(b"<p>[latex]n^2[/latex] is even.</p>"),
    "joomla": page(b"<p>{tex}n^2{/tex} is even.</p>"),
    "quill": page(b'<span class="ql-formula" data-value="n^2"></span>'),
    "ckeditor": page(b'<span class="math-tex">n^2</span>'),
    "journal markup": page(b"<tex-math>n^2</tex-math>"),
    "source host": page(b"<math-renderer>$n^2$</math-renderer>"),
    "formula in an attribute": page(b'<span data-latex="n^2"></span>'),
    "zhihu": page(b'<img src="https://www.zhihu.example/equation?tex=n" alt="n">'),
    "upmath": page(b'<img src="https://i.upmath.example/render/math?from=n">'),
    "quicklatex": page(b'<img class="ql-img-inline-formula quicklatex-auto-format">'),
    "mimetex": page(b'<img src="/cgi-bin/mimetex.cgi?n">'),
    "google chart": page(b'<img src="//chart.example/chart?cht=tx&chl=n">'),
    "texify": page(b'<img src="https://www.texify.example/img/n.gif">'),
    "wikimedia render": page(b'<img src="//w.example/api/rest_v1/media/math/render/svg/0a">'),
    "line ends in a formula": page(b"<p>So \\( a\n+ b \\) holds.</p>"),
    "after a script of the same": page(
        rb"<p>Let \(n\) be even.</p>",
        rb"<script>MathJax = {tex: {inlineMath: [['\(', '\)']]}}</script>",
    ),
    "after an upper case script": page(
        rb"<p>Let \(n\) be even.</p>", rb"<SCRIPT>x = '\(n\)'</SCRIPT>"
    ),
    "in a script that is never closed": page(rb"<script><p>Let \(n\) be even.</p>"),
    "template script": page(rb'<script type="text/template"><p>\(n\)</p></script>'),
}

WITHOUT = {
    "prices": page(b"<p>It costs $5 today, $6 tomorrow and $7.50 on Sunday.</p>"),
    "jquery": page(b"<script>$('#a').on('x', function($e) { $e.y = $z_1; });</script>"),
    "regexes in scripts": page(rb"<script>s.match(/\(([^\)]+)\)/); t.split(/\[(.*)\]/)</script>"),
    "a loader alone": page(b"<p>Read the manual.</p>", LOADER),
    "a katex loader and its delimiters": page(
        b"<p>Structs</p>",
        b'<link href="katex.min.css"><script>renderMathInElement(document.body,'
        b'{delimiters: [{left: "$$", right: "$$"}, {left: "\\\\(", right: "\\\\)"}]})</script>',
    ),
    "shell variables": page(b"<pre>echo $HOME $PATH; cd $HOME</pre>"),
    "windows paths": page(rb"<p>Open C:\new\text\file.</p>"),
    "escapes in data": page(b'<script>var x = "\\u003cp\\u003e\\n\\t\\(";</script>'),
    "latex in scripts": page(b'<script>render("\\\\(n\\\\)", "\\frac{1}{2}")</script>'),
    "latex in upper case scripts": page(b'<SCRIPT type="text/javascript">"\\frac{1}{2}"</SCRIPT>'),
    "many scripts": page(b"<script>x = '\\(n\\)'</script>" * 300),
    "images of other classes": page(b'<img class="photo"><a class="math-link">Mathematics</a>'),
    "Math in scripts": page(b"<script>Math.random(); Math.floor(x)</script>"),
    "sums in prose": page(b"<p>The sum is large, the integral part is mathematical.</p>"),
}


@pytest.mark.parametrize("form", WITH_FORMULAS)
def test_a_page_with_formulas_is_kept(math, form):
    assert math.find([WITH_FORMULAS[form]]) == [True]


@pytest.mark.parametrize("kind", WITHOUT)
def test_a_page_without_formulas_is_thrown_away(math, kind):
    assert math.find([WITHOUT[kind]]) == [False]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_wide_pages_are_known_by_a_byte_order_mark_or_by_their_nuls(math, encoding, mark):
    text = mark + page(rb"<p>\(n^2\)</p>").decode()
    assert math.find([text.encode(encoding)]) == [True]
    text = mark + page(rb"<p>n squared</p>").decode()
    assert math.find([text.encode(encoding)]) == [False]


def test_pages_are_judged_one_by_one(math):
    pages = [*WITH_FORMULAS.values(), *WITHOUT.values()]
    assert math.find(pages) == [flag for one in pages for flag in math.find([one])]
    assert math.find([]) == []


@settings(max_examples=200, derandomize=True, deadline=None)
@given(data=st.lists(st.binary(max_size=200), max_size=4))
def test_any_bytes_are_judged(math, data):
    assert len(math.find(data)) == len(data)


REPEATED = [
    rb"\(",
    rb"\[",
    b"$a",
    b"$a_",
    b"$$a",
    b"$a $",
    b"<img ",
    b'<img class="',
    b"class=katex",
    b"class=a",
    b"<script>",
    b"<script ",
    b"<style></style",
    rb"\begin{",
    b"alt=",
    b"\\",
    b"$",
    b"a",
    rb"<script>\(n\)</script>",
    rb"<SCRIPT>\(n\)</SCRIPT>",
    rb"<script>\(n\)",
    rb"<script \(n\)",
    b"<script>$a_1$</script>",
    b"&#36;",
    b"data-tex='",
]


@pytest.mark.parametrize("piece", REPEATED)
@pytest.mark.timeout(120)  # what is not linear takes hours
def test_no_page_makes_a_pattern_slow(math, piece):
    assert len(math.find([piece * ((2 << 20) // len(piece))])) == 1


def test_weights_add_up_to_a_page():
    markers = Markers([{"find": "left", "weight": 0.5}, {"regex": "right", "weight": 0.5}])
    assert markers.find([b"left", b"right", b"left right"]) == [False, False, True]


def test_a_count_asks_for_as_many():
    markers = Markers([{"find": "x", "count": 3}])
    assert markers.find([b"x x", b"x x x"]) == [False, True]


def test_scripts_count_only_where_asked():
    text = b"<script>x</script>"
    assert Markers(["x"]).find([text, b"x" + text]) == [False, True]
    assert Markers([{"find": "x", "scripts": True}]).find([text]) == [True]


def test_a_view_of_bytes_is_searched_as_bytes_are(math):
    for one in [*WITH_FORMULAS.values(), *WITHOUT.values()]:
        assert math.holds(memoryview(one)) == math.holds(one)


def test_a_pattern_that_can_match_nothing_ends():
    markers = Markers([{"find": "a", "weight": 0.5}, {"regex": "x*", "count": 3, "weight": 0.5}])
    assert markers.find([b"a", b"abc"]) == [False, True]


def test_a_text_is_looked_for_as_it_is():
    assert Markers(["a.c"]).find([b"abc", b"a.c"]) == [False, True]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "none has a `find`"),
        ([{"regex": "x"}], "none has a `find`"),
        ([5], "entry 1 is 5"),
        ([{"find": "x", "wieght": 1}], "entry 1: unknown key wieght; known are"),
        (["x", {"weight": 1}], "entry 2 has neither"),
        ([{"find": "x", "weight": 2}], "entry 1: weight 2"),
        ([{"find": "x", "weight": True}], "entry 1: weight True"),
        ([{"find": "x", "count": 0}], "entry 1: count 0"),
        ([{"find": "x", "regex": "("}], "entry 1: '\\(' is no pattern"),
        ([{"find": "(?=x)"}], "entry|is no Hyperscan pattern"),
    ],
)
def test_what_is_no_marker_is_named(entries, message):
    with pytest.raises(ValueError, match=message):
        Markers(entries)
