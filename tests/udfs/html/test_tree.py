"""The tree holds what the parser's own objects hold, but for what it says it leaves out."""

from hypothesis import given, settings
from hypothesis import strategies as st
from resiliparse.parse.html import HTMLTree, NodeType

from udfs.html.tree import IS_MARKED, IS_PLAIN, Reader, parse

OPENED = st.sampled_from(
    str.split(
        """
        <p> <div> <b> <i> <span> <table> <tr> <td> <th> <tbody> <ul> <li> <a> <br> <hr> <h1> <form>
        <title> <textarea> <script> <style> <xmp> <iframe> <noscript>
        <nav> <select> <option> <button> <body> <head> <html>
        <frameset> <plaintext> <img> <caption> <ruby> <rt> <dd> <x:y>
        <p/class=a> <a/href='x>y'> <p/title='"<b>'> <p/class="a&nbsp;b"/id=&quot;> <p/A=1/a=2>
        """
    )
)
CLOSED = st.sampled_from(
    str.split(
        """
        </p> </div> </b> </i> </span> </table> </tr> </td> </ul> </li> </a> </title> </textarea>
        </script> </style> </xmp> </iframe> </noscript> </nav>
        </select> </body> </html> </x> <!--x--> <!--<b>--> <!--> <!DOCTYPEhtml> <?x?> </nothing>
        """
    )
)
TEXT = st.sampled_from(
    [*"ab \n>&$\\\"'", "&lt;", "&amp;lt;", "&nbsp;", "\xa0", "é", "\u6570", "\x00"]
)
PAGES = st.lists(OPENED | CLOSED | TEXT, max_size=40).map("".join)
SKIPPED = ("nav", "select")


def by_parser(html):
    """Elements in order, each with its attributes and its own text, by resiliparse's objects."""
    found = []

    def visit(node, own, *, is_left_out):
        while node is not None:
            if node.type == NodeType.ELEMENT:
                if not is_left_out:
                    below = []
                    found.append((node.tag, {k: node[k] or "" for k in node.attrs}, below))
                    visit(node.first_child, below, is_left_out=node.tag in SKIPPED)
            elif node.type == NodeType.TEXT and not is_left_out:
                own.append(node.text)
            node = node.next

    root = []
    visit(HTMLTree.parse(html).document.first_child, root, is_left_out=False)
    return [(tag, attributes, "".join(own)) for tag, attributes, own in found]


@settings(max_examples=400, derandomize=True, deadline=None)
@given(PAGES)
def test_tree_is_the_parsers(html):
    ours = [
        (
            node.tag,
            dict(node.attributes),
            "".join(child for child in node.children if isinstance(child, str)),
        )
        for node in parse(html)[1:]
    ]
    assert ours == by_parser(html)


def test_places_of_elements():
    nodes = parse("<div><p>a<b>b</b></p><!-- c --><hr></div><p>d")
    assert [node.tag for node in nodes] == [
        "#root", "html", "head", "body", "div", "p", "b", "hr", "p",
    ]  # fmt: skip
    for node in nodes:
        assert nodes[node.index] is node
        assert nodes[node.index : node.end] == list(node.walk())
        assert node.parent is None or node in node.parent.children


def test_listings_lose_their_colours_and_keep_their_characters():
    reader = Reader(lambda tag, raw: IS_PLAIN if tag == "span" and "math" not in raw else 0)
    page = '<pre><span class="k">if</span> <a>x</a><span class="math">y</span></pre>'
    for html in (page, page.replace('<span class="math">y</span>', "y")):
        tree = reader.read(html)
        assert [node.tag for node in tree.nodes].count("span") == ("math" in html)
        assert tree.nodes[0].text() == "if xy"


def test_elements_are_marked_in_order():
    reader = Reader(lambda tag, raw: IS_MARKED if tag == "img" else 0)
    tree = reader.read("<p><img>\\(x\\)<span>\\(y\\)</span><b>$</b><img></p>")
    assert [node.tag for node in tree.marked] == ["img", "span", "img"]
