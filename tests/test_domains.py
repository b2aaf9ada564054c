"""Each domain reads its own pages: markers, extraction and filter, on pages written for it."""

from pathlib import Path

import pytest

from conf import settings as conf_settings
from udfs import filters, score
from udfs.html.extract import extract
from udfs.markers import Markers

MATHJAX = '<script src="https://cdn.example/mathjax@3/es5/tex-mml-chtml.js"></script>'
PAGES = {
    "math": [
        r"""<h1>Induction</h1>
        <p>We prove that \(1 + 2 + \dots + n = \frac{n(n+1)}{2}\) for every positive integer
        \(n\). The base case is clear. Suppose the claim holds for \(n\); adding \(n+1\) to both
        sides gives the claim for \(n+1\), so by induction the theorem is proved.</p>""",
    ],
    "physics": [
        r"""<h1>Free fall</h1>
        <p>A ball falls from a height of \(\SI{20}{\metre}\). With the acceleration of gravity
        \(g = \qty{9.81}{\metre\per\second\squared}\) its speed at the ground is \(v =
        \sqrt{2gh}\), since the potential energy becomes kinetic energy. Air resistance and
        friction are neglected.</p>""",
        r"""<h1>Spin</h1>
        <p>A spin one half is in the state \(\ket{\psi} = \alpha\ket{\uparrow} +
        \beta\ket{\downarrow}\). The expectation value of the energy in a magnetic field is
        \(\braket{\psi|H|\psi}\); a measurement of the observable gives an eigenvalue of the
        operator.</p>""",
        r"""<h1>Lens</h1>
        <p>The focal length is 20 cm, so with <i>v</i> = 3·10<sup>8</sup> m s<sup>−1</sup> and
        10<sup>-7</sup> m of wavelength the image of the lens stands at \(b = 60\) cm; light is
        refracted and an electron is not.</p>""",
    ],
    "chemistry": [
        r"""<h1>Combustion</h1>
        <p>Methane burns as \(\ce{CH4 + 2O2 ->[\Delta] CO2 + 2H2O}\). The enthalpy of combustion
        is \(\pu{-890 kJ//mol}\), so the reaction is exothermic. One mole of methane gives two
        moles of water.</p>""",
        r"""<h1>Titration</h1>
        <p>In the titration of 25 mL of hydrochloric acid with 0.10 M sodium hydroxide,
        \(\ce{HCl + NaOH -> NaCl + H2O}\), the equivalence point came at 18.6 mL. The
        concentration of the acid is \(c = 0.0744\) M and its pH \(1.13\).</p>""",
        r"""<h1>Sulfuric acid</h1>
        <p>H<sub>2</sub>SO<sub>4</sub> is a strong acid. With BaCl<sub>2</sub> it gives a white
        precipitate of BaSO<sub>4</sub>, and the ions SO<sub>4</sub><sup>2−</sup> and
        Na<sup>+</sup> are left; the solubility product is \(K = 1.1\cdot10^{-10}\).</p>""",
    ],
}
OTHER = [
    "<h1>Library opened</h1><p>The mayor opened the new library on Saturday. About two hundred "
    "guests attended and the choir of the school sang. The building cost five million.</p>",
    "<h1>Induction cookers</h1><p>Compare prices of cookers from $200 to $900. Free shipping, add "
    "to cart, customers also bought pans.</p>",
]
NAMES = sorted(PAGES)


def html(body: str) -> bytes:
    head = f"<html><head><title>Page</title>{MATHJAX}</head>"
    return f"{head}<body><article>{body}</article></body></html>".encode()


def text_of(body: str) -> str:
    found = extract(html(body), url="https://example.org/", content_type="text/html; charset=utf-8")
    assert found.text is not None
    return found.text


@pytest.mark.parametrize("name", NAMES)
def test_a_domain_says_all_that_makes_one(name):
    found = conf_settings.domain(name)
    assert found.name == name
    assert found.description
    assert len(found.terms) > 50
    assert found.terms == [term.lower() for term in found.terms]
    for path in found.seed_labels:
        assert conf_settings.resolve(path).is_file()


@pytest.mark.parametrize("name", NAMES)
def test_markers_keep_the_pages_of_the_domain(name):
    markers = Markers(conf_settings.domain(name).markers)
    pages = [html(body).replace(MATHJAX.encode(), b"") for body in PAGES[name]]
    assert markers.find(pages) == [True] * len(pages)
    assert markers.find([page.encode() for page in OTHER]) == [False] * len(OTHER)


def test_a_domain_has_the_markers_of_the_one_it_extends():
    math = conf_settings.domain("math").markers
    assert conf_settings.domain("physics").markers[: len(math)] == math
    assert len(conf_settings.domain("physics").markers) > len(math)


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("chemistry", b"<p>H<sub>2</sub>O, CO<sub>2</sub>, CH<sub>4</sub> and NH<sub>3</sub></p>"),
        ("chemistry", "<p>H₂SO₄, Na₂CO₃ und CO₂</p>".encode()),
        ("chemistry", b"<p>InChI=1S/C9H8O4/c1-6(10)13</p>"),
        ("physics", b"<p>The length is \\SI{3}{m}.</p>"),
        ("physics", b"<p>10<sup>-3</sup> and 10<sup>6</sup> m<sup>2</sup> s<sup>-1</sup></p>"),
    ],
)
def test_what_only_this_domain_looks_for(name, page):
    assert Markers(conf_settings.domain(name).markers).find([page]) == [True]
    assert Markers(conf_settings.domain("math").markers).find([page]) == [False]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Return a function that gives the first stage of a domain, trained on its seeds."""
    from jobs import train_filter

    folder = tmp_path_factory.mktemp("models")
    made: dict[str, Path] = {}

    def model(name: str) -> str:
        if name not in made:
            settings = conf_settings.load(words=[f"domain={name}"])
            rows = train_filter.seed_labels(settings)
            lines = [(line, row.label) for row in rows for line in score.passages(row.text)]
            made[name] = folder / f"{name}.bin"
            filters.train(lines, made[name], dimension=32, epochs=40, seed=1)
        return str(made[name])

    return model


@pytest.mark.parametrize("name", NAMES)
def test_the_filter_prefers_pages_of_its_domain(name, models):
    def best(body: str) -> float:
        return max(score.judge(score.passages(text_of(body)), path=models(name), domain=name))

    own = [best(body) for body in PAGES[name]]
    # Mathematics takes in what reasons with formulas, whatever it is about.
    foreign = [] if name == "math" else [b for n in NAMES if n != name for b in PAGES[n]]
    others = [best(body) for body in [*foreign, *OTHER]]
    assert min(own) > max(others), (own, others)


KEPT = [
    r"\ce{CH4 + 2O2 ->[\Delta] CO2 + 2H2O}",
    r"\ce{Hg^2+ ->[I-] HgI2 ->[I-] [Hg^{II}I4]^2-}",
    r"\ce{^{227}_{90}Th+}",
    r"\ce{SO4^2- + Ba^2+ -> BaSO4 v}",
    r"\ce{A <=>> B}",
    r"\ce{[Cu(NH3)4]^2+}",
    r"\ce{X=Y#Z}",
    r"\ce{H2O(l)}",
    r"\ce{Zn^2+ <=>[+ 2OH-][+ 2H+] $\underset{\text{amphoteric}}{\ce{Zn(OH)2 v}}$}",
    r"\pu{123 kJ*mol-1}",
    r"\pu{1.2e3 m//s}",
    r"\SI{3.00e8}{\metre\per\second}",
    r"\qty{5}{\N\m}",
    r"\ang{30}",
    r"\ket{\psi}=\alpha\ket{0}+\beta\ket{1}",
    r"\braket{\phi|\hat A|\psi}",
    r"\dv{x}{t} = \pdv[2]{f}{x}",
]


@pytest.mark.parametrize("formula", KEPT)
def test_formulas_of_the_sciences_come_out_byte_for_byte(formula):
    escaped = formula.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A dollar inside a formula ends an inline one, so such formulas stand as displays.
    opening, closing = ("\\[", "\\]") if "$" in formula else ("\\(", "\\)")
    mark = "$$" if "$" in formula else "$"
    text = text_of(f"<p>Before it, {opening}{escaped}{closing} and after it.</p>")
    assert f"{mark}{formula}{mark}" in text


PLAIN = [
    "CC(=O)OC1=CC=CC=C1C(=O)O",
    "C[C@@H](C(=O)O)N",
    "CN1CCC[C@H]1c2cccnc2",
    "C/C=C/C",
    "CC#C",
    "[Na+].[Cl-]",
    "[2H]C([2H])([2H])O",
    "O=C(*)N",
    "InChI=1S/C9H8O4/c1-6(10)13-8-5-3-2-4-7(8)9(11)12/h2-5H,1H3,(H,11,12)",
    "5 J/(mol*K)",
    "3 m/s, 25 °C, 10 µm, 5 kΩ",
    "[Ar] 3d10 4s2",
    "k_B T and m_e",
]


@pytest.mark.parametrize("words", PLAIN)
def test_structures_and_units_are_not_escaped(words):
    assert words in text_of(f"<p>The compound is written {words} in a line. Here \\(x = 1\\).</p>")
    assert words in text_of(f"<table><tr><th>Name<th>Form<tr><td>{words}<td>\\(x\\)</table>")
