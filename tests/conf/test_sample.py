import ast
import gzip
import html
import io
import json
import re
from fractions import Fraction
from itertools import pairwise
from math import isclose, sqrt
from urllib.parse import unquote

import pytest
from fastwarc.warc import ArchiveIterator, WarcRecordType
from warcio.archiveiterator import ArchiveIterator as Warcio

from conf.sample import build as sample
from conf.sample.formulas import FORMATS
from conf.sample.sites import render
from conf.sample.sources import load
from conf.sample.warc import Response, write_warc
from udfs.warc import REASONS

FILES = [sample.CRAWL / name for name in sample.NAMES]
WHOLE, DAMAGED = FILES[:-1], FILES[-1]
LABELS = [json.loads(line) for line in sample.LABELS.read_text(encoding="utf-8").splitlines()]
PAGES = load()


def of_kind(*kinds):
    return [label for label in LABELS if label["kind"] in kinds]


def records(path):
    """Headers and HTTP payload of each record of an undamaged file."""
    with path.open("rb") as stream:
        return [
            (dict(record.headers.items()), record.reader.read())
            for record in ArchiveIterator(stream, parse_http=False)
        ]


def test_the_files_are_what_the_sources_give():
    assert sample.differences() == []


def test_building_twice_gives_the_same_bytes():
    assert sample.build() == sample.build()


def test_the_files_are_small():
    assert sum(path.stat().st_size for path in [*FILES, sample.LABELS]) < 1_000_000


def test_the_sample_is_as_rich_as_promised():
    assert len(of_kind("math")) >= 66
    assert len(of_kind("other", "hard_negative")) >= 66
    assert len(of_kind("near_duplicate")) >= 8
    assert len(of_kind("bad")) >= 12
    assert sum(bool(label.get("wrong")) for label in LABELS) >= 4


@pytest.mark.parametrize("name", FORMATS)
def test_every_markup_format_has_pages(name):
    assert sum(label.get("format") == name for label in of_kind("math")) >= 2


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.name[-13:-8])
def test_a_file_is_a_warcinfo_and_then_triples(path):
    found = records(path)
    assert found[0][0]["WARC-Type"] == "warcinfo"
    assert found[0][0]["WARC-Filename"] == path.name
    kinds = [headers["WARC-Type"] for headers, _ in found[1:]]
    assert kinds == ["request", "response", "metadata"] * (len(kinds) // 3)
    for at in range(1, len(found), 3):
        request, response, metadata = (headers for headers, _ in found[at : at + 3])
        assert response["WARC-Concurrent-To"] == request["WARC-Record-ID"]
        assert metadata["WARC-Concurrent-To"] == response["WARC-Record-ID"]
        uris = {headers["WARC-Target-URI"] for headers in (request, response, metadata)}
        assert len(uris) == 1
    ids = [headers["WARC-Record-ID"] for headers, _ in found]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.name[-13:-8])
def test_each_record_is_a_gzip_member_of_its_own(path):
    data = path.read_bytes()
    members = sample.members(data)
    assert len(members) == len(records(path))
    assert b"".join(members) == gzip.decompress(data)
    assert all(member.startswith(b"WARC/1.0\r\n") for member in members)


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.name[-13:-8])
def test_digests_are_right(path):
    with path.open("rb") as stream:
        for record in ArchiveIterator(
            stream, parse_http=False, record_types=WarcRecordType.response
        ):
            assert record.verify_block_digest()
        stream.seek(0)
        for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
            assert record.verify_payload_digest()
        stream.seek(0)
        for record in Warcio(stream, check_digests="raise"):
            record.content_stream().read()


def test_damage_hides_the_rest_of_the_file_from_a_reader_that_gives_up():
    with DAMAGED.open("rb") as stream, pytest.raises(OSError, match="decompression"):
        list(ArchiveIterator(stream))


def test_members_that_are_whole_survive_the_damage_around_them():
    members = sample.members(DAMAGED.read_bytes())
    urls = [
        re.search(rb"WARC-Target-URI: (\S+)", member)[1].decode()
        for member in members
        if b"WARC-Type: response" in member
    ]
    lost = {"gzip-member-cut", "gzip-member-zeroed", "file-end-cut"}
    expected = {
        label["url"]
        for label in LABELS
        if label["file"] == DAMAGED.name and label.get("defect") not in lost
    }
    assert set(urls) == expected


def test_bad_records_that_give_no_page_say_why():
    reasons = {label["defect"]: label.get("reason") for label in of_kind("bad")}
    assert reasons["gzip-member-cut"] == "damaged_record"
    assert reasons["file-end-cut"] == "truncated_file"
    assert reasons["charset-wrong"] is None
    assert {None, *REASONS} >= set(reasons.values())


def test_labels_name_each_capture_once():
    captured = []
    for path in WHOLE:
        captured += [
            (path.name, headers["WARC-Target-URI"])
            for headers, _ in records(path)
            if headers["WARC-Type"] == "response"
        ]
    labelled = [(label["file"], label["url"]) for label in LABELS if label["file"] != DAMAGED.name]
    assert sorted(captured) == sorted(labelled)


def test_hosts_are_reserved():
    for label in LABELS:
        assert re.match(r"https://([\w-]+\.)*example\.(org|com|net|edu)/", label["url"])


def test_exact_formulas_stand_in_the_markup():
    def squeezed(text):
        return re.sub(r"\s", "", text)

    for page in PAGES:
        # As a browser sees it, and with addresses of images decoded.
        text = html.unescape(render(page).decode(page.charset))
        text = squeezed(text) + squeezed(html.unescape(unquote(text.replace("&space;", ""))))
        label = next(label for label in LABELS if label["url"] == page.url)
        if label.get("is_exact"):
            missing = [latex for latex in page.formulas if squeezed(latex) not in text]
            assert not missing, page.url


def test_pages_without_formulas_are_labelled_without():
    for label in of_kind("other", "hard_negative"):
        assert "formulas" not in label, label["url"]
    for label in of_kind("math"):
        assert len(label["formulas"]) >= 2, label["url"]


def test_groups_of_near_duplicates_have_an_original():
    for label in of_kind("near_duplicate"):
        group = [other["kind"] for other in LABELS if other.get("group") == label["group"]]
        assert len(group) >= 2
        assert set(group) & {"math", "other"}


def test_one_page_was_captured_twice():
    urls = [label["url"] for label in LABELS]
    assert len(urls) - len(set(urls)) == 1


# LaTeX to Python, in this order; four rounds resolve what is nested.
_STEPS = [
    (re.compile(r"\\left|\\right|\\[,;!]|[.]$"), ""),
    (re.compile(r"\\sqrt\{([^{}]*)\}"), r"sqrt(\1)"),
    (re.compile(r"(\d)\\frac\{(\d+)\}\{(\d+)\}"), r"(\1+\2/\3)"),  # a mixed number
    (re.compile(r"\\frac\{([^{}]*)\}\{([^{}]*)\}"), r"((\1)/(\2))"),
    (re.compile(r"\^\{([^{}]*)\}"), r"**(\1)"),
    (re.compile(r"\^(\d)"), r"**\1"),
    (re.compile(r"\\cdot"), "*"),
    (re.compile(r"\\div"), "/"),
    (re.compile(r"([\d)])\s*(?=\(|sqrt)"), r"\1*"),  # a product without a sign
]
_WHOLE_NUMBER = re.compile(r"(?<![\d.])(\d+)(?![\d.])")


def number(latex):
    """Value of an arithmetic expression; None for what holds more than numbers."""
    text = latex.strip()
    for _ in range(4):
        for pattern, new in _STEPS:
            text = pattern.sub(new, text)
    if not re.fullmatch(r"(?:sqrt|[-+*/(). 0-9])+", text):
        return None
    try:
        tree = ast.parse(_WHOLE_NUMBER.sub(r"Fraction(\1)", text.strip()), mode="eval")
    except SyntaxError:  # a side that is no expression of its own
        return None
    return float(eval(compile(tree, "formula", "eval"), {"Fraction": Fraction, "sqrt": sqrt}))


def arithmetic(latex):
    """Neighbouring sides of the equalities of a formula that are pure arithmetic."""
    sides = latex.split("=")
    if re.search(r"\\begin|\\q?quad|\\pmod|\\equiv|\\ne|\\approx|[<>]|\\[lg]eq?\b|,", latex):
        return []
    values = [(number(left), number(right)) for left, right in pairwise(sides)]
    return [(a, b) for a, b in values if a is not None and b is not None]


def is_true(latex):
    return all(isclose(a, b, rel_tol=1e-9) for a, b in arithmetic(latex))


def test_arithmetic_on_the_pages_is_right_but_for_the_labelled_slips():
    checked = 0
    for page in PAGES:
        for latex in page.formulas:
            checked += len(arithmetic(latex))
            assert is_true(latex) != (latex in page.wrong), (page.url, latex)
        assert set(page.wrong) <= set(page.formulas), page.url
    assert checked > 150


def test_arithmetic_in_the_problems_is_right():
    rows, broken = [], 0
    for line in (sample.FOLDER / "problems.jsonl").read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            broken += 1
    texts = [row["text"] for row in rows if row["text"]]
    assert (len(texts), len(rows) - len(texts), broken) == (42, 1, 1)
    formulas = [
        found[1] or found[2]
        for text in texts
        for found in re.finditer(r"\$\$(.+?)\$\$|\$(.+?)\$", text, re.DOTALL)
    ]
    assert sum(len(arithmetic(latex)) for latex in formulas) > 30
    assert [latex for latex in formulas if not is_true(latex)] == []


def test_the_oracle_sees_a_slip():
    assert arithmetic(r"\frac{1}{2} + 1\frac{1}{2}\sqrt{4} = 3.5") == [(3.5, 3.5)]
    assert not is_true(r"2 \cdot 3^2 = 36")
    assert arithmetic("x = 3") == []


def test_two_benchmark_items_leak_one_verbatim_and_one_in_another_spelling():
    lines = (sample.FOLDER / "benchmark.jsonl").read_text(encoding="utf-8").splitlines()
    items = {row["id"]: row for row in map(json.loads, lines)}
    assert len(items) == 10
    assert all(row["question"] and row["answer"] for row in items.values())
    leaks = {page.leaks: page.body for page in PAGES if page.leaks}
    assert set(leaks) == {"bench-01", "bench-02"}
    assert items["bench-01"]["question"] in leaks["bench-01"]
    assert items["bench-02"]["question"] not in leaks["bench-02"]
    bodies = "\n".join(page.body for page in PAGES)
    for name in set(items) - {"bench-01"}:
        assert items[name]["question"] not in bodies


def test_a_new_file_can_be_written_for_given_pages(tmp_path):
    path = tmp_path / "new.warc.gz"
    pages = [Response(f"https://new.example.org/{i}", b"<p>$x$ %d</p>" % i) for i in range(3)]
    write_warc(path, pages)
    bodies = [
        record.reader.read()
        for record in ArchiveIterator(
            io.BytesIO(path.read_bytes()), record_types=WarcRecordType.response, parse_http=True
        )
    ]
    assert bodies == [page.body for page in pages]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("%% https://a.example.org/\ntitle\n\nBody", "without a colon"),
        ("%% https://a.example.org/\nlike: https://b.example.org/\n\n", "no earlier page"),
        ("%% https://a.example.org/\ntitle: A\nkind: odd\n\nBody", "unknown kind"),
        (
            "%% https://a.example.org/\ntitle: A\n\nBody\n\n"
            "%% https://b.example.org/\nlike: https://a.example.org/\nreplace: soul => mind\n\n",
            "nothing to replace",
        ),
    ],
)
def test_malformed_sources_are_clear_errors(source, message, tmp_path):
    (tmp_path / "pages.md").write_text(source, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        load(tmp_path)


def test_check_and_wrong_arguments_set_the_exit_status(capsys):
    assert sample.main(["--check"]) == 0
    assert sample.main(["--wrong"]) == 2
    assert "usage" in capsys.readouterr().err
