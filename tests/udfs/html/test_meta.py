"""What a page says about its own use, in tags and headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.html.meta import directives, is_opted_out, licence
from udfs.warc.response import parse_response

CC = "creativecommons.org/licenses"


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<head><meta name="robots" content="NoAI, noimageai"></head>', {"noai", "noimageai"}),
        ("<meta content='noindex,follow' name=robots><body>", {"noindex", "follow"}),
        ("<META NAME=ROBOTS CONTENT=NOAI>", {"noai"}),
        ('<meta name="ccbot" content="noai"/>', {"noai"}),
        ('<meta name="googlebot" content="noindex">', {"noindex"}),
        ('<meta name="otherbot" content="noindex">', set()),
        ('<meta name="description" content="noai">', set()),
        ('<meta name="robots" content="none">', {"none", "noindex", "nofollow"}),
        ('<meta name="robots" content="max-snippet:-1, noai">', {"max-snippet", "noai"}),
        ('<meta name="tdm-reservation" content="1">', {"tdm-reservation"}),
        ('<meta name="tdm-reservation" content="0">', set()),
        ('<!-- <meta name="robots" content="noai"> --><body>', set()),
        ('<script>\'<meta name="robots" content="noai">\'</script><body>', set()),
        ('<body><p>&lt;meta name="robots" content="noai"></p>', set()),
        ("<title>robots</title>", set()),
        ('<meta name="robots" content="noai', set()),
    ],
)
def test_directives_of_the_robots_meta_tag(html, found):
    assert directives(html.encode()) == found


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("noindex, nofollow", {"noindex", "nofollow"}),
        ("NoAI", {"noai"}),
        ("otherbot: noindex, noai", set()),
        ("otherbot: noindex\nnoai", {"noai"}),
        ("googlebot: noarchive, noai", {"noarchive", "noai"}),
        ("unavailable_after: 25 Jun 2010 15:00:00 PST, noai", {"unavailable_after", "noai"}),
        ("tdm-reservation: 1", {"tdm-reservation"}),
        ("tdm-reservation: 0", set()),
        ("", set()),
    ],
)
def test_directives_of_the_header(header, found):
    assert directives(b"<p>", header) == found


def test_headers_of_a_capture_are_kept():
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nx-robots-tag: noai\r\n"
    more = b"X-Robots-Tag: otherbot: noindex\r\nTDM-Reservation: 1\r\n\r\n<p>"
    found = parse_response(head + more).robots
    assert found == "noai\notherbot: noindex\ntdm-reservation: 1"
    assert directives(b"", found) == {"noai", "tdm-reservation"}
    assert parse_response(b"HTTP/1.1 200 OK\r\n\r\n<p>").robots is None


def test_only_what_is_honoured_opts_out():
    page = b'<meta name="robots" content="noindex">'
    assert is_opted_out(page, None, {"noindex"})
    assert is_opted_out(b"", "noai", {"noindex", "noai"})
    assert not is_opted_out(page, "noarchive", {"noai"})
    assert not is_opted_out(page, "noai", ())


@pytest.mark.parametrize(
    ("html", "found"),
    [
        (f'<a rel="license" href="http://{CC}/by-sa/4.0/">CC</a>', "cc-by-sa-4.0"),
        (f"<link rel=license href=//{CC}/by/2.5>", "cc-by-2.5"),
        (f'<a href="https://{CC}/by-nc-nd/3.0/de/deed.en">CC</a>', "cc-by-nc-nd-3.0-de"),
        (f'<a rel="license" href="https://{CC}/by/3.0/igo/">CC</a>', "cc-by-3.0-igo"),
        (f'<meta name="dc.rights" content="https://{CC}/by/4.0/">', "cc-by-4.0"),
        (f'<meta property="og:license" content="https://{CC}/by/4.0/">', "cc-by-4.0"),
        (
            '<link rel="license" href="https://creativecommons.org/publicdomain/zero/1.0/">',
            "cc0-1.0",
        ),
        ('<a href="https://creativecommons.org/publicdomain/mark/1.0/">PD</a>', "cc-pdm-1.0"),
        (
            '<script type="application/ld+json">{"@type":"Article","license":'
            '"https:\\/\\/creativecommons.org\\/licenses\\/by\\/4.0\\/"}</script>',
            "cc-by-4.0",
        ),
        (
            '<script type="application/ld+json">{"license": {"@id": '
            f'"https://{CC}/by-nc/4.0/"}}}}</script>',
            "cc-by-nc-4.0",
        ),
        (
            "<footer>Text is available under the <b>Creative Commons Attribution-ShareAlike 4.0"
            "</b> License</footer>",
            "cc-by-sa-4.0",
        ),
        ("<p>Licensed under CC BY-NC-SA 4.0.</p>", "cc-by-nc-sa-4.0"),
        ("<p>user contributions licensed under <a>CC BY-SA</a></p>", "cc-by-sa"),
        # Posts under several versions; a page that is one thing and links to another.
        (f'<a href="//{CC}/by-sa/3.0/">a</a><a href="//{CC}/by-sa/4.0/">b</a>', "cc-by-sa"),
        (
            f'<a rel=license href="//{CC}/by/4.0/">x</a><a href="//{CC}/by-nd/2.0/">p</a>',
            "cc-by-4.0",
        ),
        (f'<a href="//{CC}/by/3.0/">a</a><a href="//{CC}/by-nd/4.0/">b</a>', None),
        ('<a href="https://creativecommons.org/about/">Creative Commons</a>', None),
        (f'<a href="https://{CC}/">licences</a>', None),
        (f'<!-- <a rel="license" href="http://{CC}/by/4.0/">CC</a> -->', None),
        ("<p>The history of Creative Commons Attribution licences.</p>", None),
        ("<p>No word of it.</p>", None),
    ],
)
def test_creative_commons_licences(html, found):
    assert licence(html.encode()) == found


MARKUP = st.sampled_from(
    [
        "<meta ",
        "<a ",
        "name=robots",
        "content='noai'",
        ">",
        "<!--",
        "-->",
        "<script>",
        '"',
        "'",
        "=",
        f"https://{CC}/by/4.0/",
        "rel=license",
        "Licensed under CC BY",
        "Creative Commons Zero",
        "é",
    ]
)


@given(st.lists(MARKUP, max_size=20).map("".join), st.text(max_size=30))
def test_any_markup_is_read(html, header):
    directives(html.encode(), header)
    found = licence(html.encode("latin-1", "replace"))
    assert found is None or found.startswith("cc")
