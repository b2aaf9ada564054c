"""Hosts of URLs, and the lists of those that are blocked."""

import gzip
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.hosts import BLOCKED_HOST, BLOCKED_URL, BlockList, block_list, host_of

LIST = """
# A comment
! another
bad.example
*.worse.example
.worst.example
0.0.0.0 ads.example tracker.example
Site.Example/private    # with a remark
https://site.example/page?id=
münchen.example
"""


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://bad.example/x", BLOCKED_HOST),
        ("http://a.b.bad.example:8080/", BLOCKED_HOST),
        ("https://user:word@bad.example/", BLOCKED_HOST),
        ("BAD.EXAMPLE", BLOCKED_HOST),
        ("https://notbad.example/", None),
        ("https://example/", None),
        ("https://worse.example", BLOCKED_HOST),
        ("https://x.worse.example/", BLOCKED_HOST),
        ("https://x.worst.example/", BLOCKED_HOST),
        ("https://ads.example/", BLOCKED_HOST),
        ("https://tracker.example/", BLOCKED_HOST),
        ("https://site.example/private", BLOCKED_URL),
        ("https://site.example/private/x?y", BLOCKED_URL),
        ("https://www.site.example/private/", BLOCKED_URL),
        ("https://site.example/privateer", None),
        ("https://site.example/", None),
        ("https://site.example/page?id=7", BLOCKED_URL),
        ("https://site.example/page?ref=7", None),
        ("https://xn--mnchen-3ya.example/", BLOCKED_HOST),
        ("https://münchen.example/", BLOCKED_HOST),
        ("not a url", None),
        ("", None),
    ],
)
def test_an_entry_stands_for_itself_and_what_is_under_it(url, reason):
    assert BlockList(LIST.splitlines()).find(url) == reason


def test_lists_are_files_plain_or_compressed(tmp_path):
    (tmp_path / "plain.txt").write_text("bad.example\n", encoding="utf-8")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(b"worse.example\n\xff\xfe\n"))
    found = block_list((str(tmp_path / "plain.txt"), str(tmp_path / "packed.gz")))
    assert (
        found.find("https://bad.example/") == found.find("https://worse.example/") == BLOCKED_HOST
    )
    assert found.find("https://good.example/") is None


def test_a_list_that_is_missing_is_named(tmp_path):
    with pytest.raises(OSError, match=r"missing\.txt"):
        block_list((str(tmp_path / "missing.txt"),))


HOSTS = st.lists(
    st.text(string.ascii_lowercase, min_size=1, max_size=3), min_size=1, max_size=4
).map(".".join)


@given(st.lists(HOSTS, max_size=8), HOSTS)
def test_hosts_are_blocked_as_a_plain_search_says(entries, host):
    slow = any(host == entry or host.endswith("." + entry) for entry in entries)
    assert (BlockList(entries).find(f"https://{host}/x") == BLOCKED_HOST) == slow


@given(st.text(max_size=60))
def test_any_text_is_an_entry_and_a_url(text):
    BlockList([text, "a.example"]).find(text)
    assert host_of(text) is None or host_of(text)
