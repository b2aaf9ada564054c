"""pages -> documents: personal data, opting out, block lists and licences, by setting."""

import pyarrow as pa
import pytest

from conf import tables
from tests.udfs.html.test_stage import LIMITS, batch, rows
from udfs.html import extract_text
from udfs.warc import read_crawl

FORMULA = "<p>The square of \\(x\\) is \\(x^2\\).</p>"
CONTACT = (
    "<title>Notes of jane@example.org</title><h1>Notes</h1>"
    "<p>Write to <a href='mailto:jane@example.org'>jane@example.org</a> or call +49 30 901820; "
    "the server is 203.0.113.7. Here \\(a@b.org = c\\), and <code>ssh root@host.example</code>.</p>"
    "<pre><code>mail jane@example.org\n</code></pre>" + FORMULA
)


def one(html, *, url="https://example.org/a/b", robots=None, **options):
    data = html if isinstance(html, bytes) else html.encode()
    row = batch([data]).to_pylist()[0] | {"url": url, "robots": robots}
    given = pa.RecordBatch.from_pylist([row], schema=tables.arrow_schema(tables.PAGES))
    (found,) = rows(extract_text([given], **({"min_formulas": 1} | LIMITS | options)))
    return found


def test_prose_and_title_are_masked_and_counted():
    found = one(CONTACT, mask=("email", "phone", "ip"))
    assert dict(found["masked"]) == {"email": 2, "ip": 1, "phone": 1}
    assert found["title"] == "Notes of <EMAIL_ADDRESS>"
    prose, _, code = found["text"].partition("```")
    assert "jane@example.org" not in prose
    assert "Write to <EMAIL_ADDRESS> or call <PHONE_NUMBER>; the server is <IP_ADDRESS>." in prose
    assert "$a@b.org = c$" in prose
    assert "`ssh root@host.example`" in prose
    assert "mail jane@example.org" in code


def test_nothing_is_masked_that_is_not_asked_for():
    found = one(CONTACT, mask=("phone",))
    assert dict(found["masked"]) == {"phone": 1}
    assert "jane@example.org" in found["text"]
    assert dict(one(FORMULA, mask=("phone",))["masked"]) == {}


def test_signals_are_those_of_the_masked_text():
    found = one(CONTACT, mask=("email", "phone", "ip"))
    assert found["char_count"] == len(found["text"])
    assert found["formula_count"] == 3


@pytest.mark.parametrize("robots", ["noai", "ccbot: noindex, noai"])
def test_a_header_opts_out(robots):
    found = one(FORMULA, robots=robots, honour_robots_meta=("NoAI",))
    assert (found["text"], found["rejected_by"]) == (None, "opted_out")
    assert one(FORMULA, robots=robots)["rejected_by"] is None
    assert one(FORMULA, robots=robots, honour_robots_meta=("noimageai",))["rejected_by"] is None


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "utf-16-le"])
def test_a_meta_tag_opts_out_in_any_charset(charset):
    page = f"<html><head><meta name='robots' content='noai'></head><body>{FORMULA}</body></html>"
    found = one(page.encode(charset), honour_robots_meta=("noai",))
    assert found["rejected_by"] == "opted_out"
    assert one(page.encode(charset))["rejected_by"] is None


def test_block_lists_reject_hosts_and_urls(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("bad.example\nexample.org/a\n", encoding="utf-8")
    blocked = (str(path),)
    assert one(FORMULA, url="https://www.bad.example/", blocked=blocked)["rejected_by"] == (
        "blocked_host"
    )
    assert one(FORMULA, blocked=blocked)["rejected_by"] == "blocked_url"
    assert one(FORMULA, url="https://example.org/", blocked=blocked)["rejected_by"] is None


def test_a_block_list_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(OSError, match="missing"):
        one(FORMULA, blocked=(str(tmp_path / "missing"),))


def test_the_licence_of_a_page_is_recorded():
    link = '<a rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">CC BY-SA</a>'
    assert one(FORMULA + link)["licence"] == "cc-by-sa-4.0"
    assert one(FORMULA)["licence"] is None
    assert one("<p>No formula.</p>" + link)["licence"] is None


def test_the_header_of_a_capture_opts_its_page_out(tmp_path):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Robots-Tag: noai\r\n\r\n"
    block = head + FORMULA.encode()
    record = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://example.org/\r\n"
        b"WARC-Date: 2026-10-01T00:00:00Z\r\nContent-Type: application/http; msgtype=response\r\n"
        b"Content-Length: %d\r\n\r\n%s\r\n\r\n" % (len(block), block)
    )
    path = tmp_path / "one.warc"
    path.write_bytes(record)
    file = {"file_id": "f", "path": str(path), "crawl": None, "attempt": 1}
    files = pa.RecordBatch.from_pylist([file])
    read = read_crawl([files], markers=["\\("], max_html_bytes=10_000)
    (page,) = (row["page"] for each in read for row in each.to_pylist() if row["page"])
    assert page["robots"] == "noai"
    pages = pa.RecordBatch.from_pylist([page], schema=tables.arrow_schema(tables.PAGES))
    options = {"min_formulas": 1, "honour_robots_meta": ("noai",)} | LIMITS
    (found,) = rows(extract_text([pages], **options))
    assert found["rejected_by"] == "opted_out"
