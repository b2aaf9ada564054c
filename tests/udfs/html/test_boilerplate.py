"""Templates go and content stays, in whatever order and company they come."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.html import names
from udfs.html.extract import extract
from udfs.html.notices import is_link_row, is_notice

fixed = settings(max_examples=150, derandomize=True, deadline=None)


def text_of(page: str) -> str:
    return extract(page.encode(), url="https://example.org/", content_type=None).text or ""


CONTENT = st.sampled_from(
    [
        "<p>Every bounded sequence of real numbers has a convergent subsequence.</p>",
        "<p>Take \\(x_n = (-1)^n\\); the subsequence of even terms is constant.</p>",
        "<h2>Compactness</h2><p>A set is compact when each open cover has a finite part.</p>",
        "<ul><li>closed sets,</li><li>bounded sets.</li></ul>",
        "<pre><code class='language-python'>def f(n):\n    return (-1) ** n</code></pre>",
        "<table><tr><th>n</th><th>x</th></tr><tr><td>1</td><td>-1</td></tr></table>",
        "<blockquote><p>The whole is more than its parts.</p></blockquote>",
        "<p>See the <a href='/w'>theorem of Weierstrass</a> for functions on an interval.</p>",
        "<div class='theorem'><p><b>Theorem.</b> Images of compact sets are compact.</p></div>",
        "<details><summary>Solution</summary><p>Choose the even terms.</p></details>",
        "<p>$$\\int_0^1 x^2\\,dx = \\tfrac13$$</p>",
    ]
)
TEMPLATE = st.sampled_from(
    [
        "<nav><ul><li><a href='/a'>Start</a></li><li><a href='/b'>Reference</a></li></ul></nav>",
        "<div id='sidebar'><h3>About me</h3><p>I like maths and hills.</p></div>",
        "<footer><p>Made on a rainy day</p></footer>",
        "<div class='cookie-consent'><p>We store cookies.</p><button>Accept</button></div>",
        "<div class='breadcrumbs'><a href='/'>Home</a> &gt; <a href='/x'>Analysis</a></div>",
        "<section id='comments'><h3>2 comments</h3><p>Thanks, this helped me a lot!</p></section>",
        "<div class='share-buttons'><span>Share this:</span><a href='#'>Mail</a></div>",
        "<aside class='related-posts'><h4>Related</h4><a href='/y'>Uniform limits</a></aside>",
        "<div class='pagination'><a href='/p'>Previous</a> <a href='/n'>Next</a></div>",
        "<p>Copyright © 2019 The authors. All rights reserved.</p>",
        "<p>Last updated on 3 May 2020 at 10:00</p>",
        "<div class='post-meta'>by Emmy on <time>May 3, 2020</time></div>",
        "<a class='skip-link' href='#c'>Skip to content</a>",
        "<ul role='menu'><li>File</li><li>View</li></ul>",
        "<p><a href='/1'>Next</a> | <a href='/2'>Up</a> | <a href='/3'>Previous</a></p>",
        "<b>Next:</b> <a href='/1'>Limits</a> <b>Up:</b> <a href='/2'>Contents</a><br>",
        "<div hidden>Loading the widget of the week</div>",
        "<div class='tags'><a href='/t'>analysis</a></div>",
        "<svg><text>Logo</text></svg>",
        "<p>Skip to main content</p>",
        "<p>Was this page helpful?</p>",
    ]
)


@fixed
@given(
    st.lists(CONTENT, min_size=2, max_size=5, unique=True),
    st.lists(TEMPLATE, max_size=4),
    st.lists(TEMPLATE, max_size=4),
)
def test_text_is_that_of_the_content_alone(content, before, after):
    page = "<html><body>{}<main><h1>On compactness</h1>{}</main>{}</body></html>"
    body = "".join(content)
    assert text_of(page.format("".join(before), body, "".join(after))) == text_of(
        page.format("", body, "")
    )


@fixed
@given(st.lists(CONTENT, min_size=2, max_size=5, unique=True), st.lists(TEMPLATE, max_size=5))
def test_text_is_the_same_where_nothing_is_called_main(content, after):
    page = "<html><body><div id=page><h1>On compactness</h1>{}</div>{}</body></html>"
    body = "".join(content)
    assert text_of(page.format(body, "".join(after))) == text_of(page.format(body, ""))


@pytest.mark.parametrize(
    "text",
    [
        "Skip to main content",
        "**Next:**",
        "← Previous",
        "[ Back to top ]",
        "Copyright © 2015-2020 The Sum Authors",
        "Generated on Mon Mar 5 2018 by Doxygen 1.8",
        "Last modified: 3 March 1999",
        "Tuesday, 4 June 2013",
        "Zum Inhalt springen",
        "Aller au contenu",
        "Ir al contenido",
        "Перейти к навигации",
        "返回顶部",
    ],
)
def test_a_notice_is_known_in_many_languages(text):
    assert is_notice(text)


@pytest.mark.parametrize(
    "text",
    [
        "Next, we copy the argument of the previous section.",
        "Copyright law is not mathematics.",
        "Share of points inside the disc: three quarters.",
        "Last modified exponents are written to the left of the sum.",
        "Contents under pressure expand.",
        "By 1737 Euler had a proof.",
        "Show that the sum converges.",
        "View the matrix as a linear map.",
        "Open sets on the line",
        "In this article we prove a bound.",
        "Print the first ten primes.",
        "Cite a theorem before you use it.",
        "This work is under review.",
        "",
        "\ue0010\ue002",
    ],
)
def test_prose_is_no_notice(text):
    assert not is_notice(text)


@pytest.mark.parametrize("text", ["Next", "Copy", "Print", "Contents", "March 2, 2019"])
def test_a_heading_may_be_called_what_a_button_is(text):
    assert not is_notice(text, is_heading=True)


def test_a_row_of_links_has_little_else():
    assert is_link_row("**Next:** Waves **Up:** Equations **Previous:** Heat", 3, 18)
    assert is_link_row("Home | Syllabus | Exams", 3, 17)
    assert not is_link_row("Compare Euler's proof with Gauss's | both are short", 2, 11)
    assert not is_link_row("See Rudin, Lang and Serre", 3, 14)


@pytest.mark.parametrize(
    ("markup", "verdict"),
    [
        ('class="anchor anchorWithStickyNavbar_x1"', ""),
        ('class="layout-with-sidebar"', ""),
        ('class="sidebar-layout"', ""),
        ('class="layout-sidebar"', names.HARD),
        ('class="mainNav_3k"', names.HARD),
        ('class="overflow-hidden"', ""),
        ('class="hidden md:block"', ""),
        ('class="content-sidebar-wrap"', ""),
        ('class="post-meta"', names.META),
        ('class="footnote"', ""),
        ('class="solution" style="display:none"', names.FOLDED),
        ('class="x" style="display: none"', names.HIDDEN),
        ('role="tabpanel" hidden=""', names.FOLDED),
        ('class="level2" id="modal-logic"', ""),
        ('id="modal-window"', names.HARD),
        ('class="lineno"', names.GUTTER),
    ],
)
def test_names_of_parts_say_what_they_are(markup, verdict):
    assert names.verdict("div", f" {markup}") == verdict


@pytest.mark.parametrize(
    "nested",
    [
        "<h1><div>",
        "<div class=title>",
        "<div class=meta>",
        "<header class=head><h1><a href=/>Site</a></h1>",
        "<table class=memberdecls><tr class='memitem:a inherit'><td class=memItemLeft>",
        "<div class=memproto>",
        "<sup><a href=#1>",
        "<section id=comments hidden>",
    ],
)
def test_ten_thousand_nested_parts_of_templates_end(nested):
    page = "<html><title>Deep</title><body><p>Above \\(x\\).</p>" + nested * 10_000 + "deep"
    assert "Above $x$." in text_of(page)
