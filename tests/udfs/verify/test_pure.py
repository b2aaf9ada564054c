"""What may share a process is proven; what is not proven is not run there."""

import ast
import random

import numpy as np
import pytest
import sympy

from udfs.verify import harmless
from udfs.verify.pure import is_pure
from udfs.verify.sandbox import Limits, Sandbox

S = "from sympy import *\n"

PURE = {
    "arithmetic": "print(1 + 2)",
    "assignments": "r = 3\narea = 3.14 * r**2\nr += 1\nprint(area, r)",
    "math": "import math\nprint(math.sqrt(2), math.comb(5, 2))",
    "alias": "import math as m\nprint(m.pi)",
    "fractions": "from fractions import Fraction\nprint(Fraction('1/3') + Fraction(1, 6))",
    "decimal": "from decimal import Decimal\nprint(Decimal('1.10').quantize(Decimal('0.1')))",
    "statistics": "import statistics as st\nprint(st.median([1, 2]))",
    "function": "def f(x, y=2):\n    '''Double.'''\n    return x * y\nprint(f(3))",
    "recursion": "def f(n):\n    return 1 if n == 0 else n * f(n - 1)\nprint(f(20))",
    "cache": "from functools import lru_cache\n@lru_cache(maxsize=None)\ndef f(n):\n"
    "    return n if n < 2 else f(n - 1) + f(n - 2)\nprint(f(50))",
    "loops": "found = []\nfor a in range(9):\n    if a % 2: continue\n    found.append(a)\n"
    "while found and found[-1] > 4:\n    found.pop()\nprint(found)",
    "grid": "g = [[0] * 3 for _ in range(3)]\ng[1][2] = 5\ng[0].append(1)\nprint(g)",
    "main guard": "def main():\n    print(5)\nif __name__ == '__main__':\n    main()",
    "digits": "print(sum(int(d) for d in str(2**100)))",
    "text": "s = 'abc'\nprint(s.upper().count('B'), f'{len(s):>5}')",
    "counter": "from collections import Counter\nc = Counter('hello')\nprint(c.most_common(1))",
    "itertools": "from itertools import permutations\nprint(len(list(permutations(range(4)))))",
    "random": "import random\nprint(random.randint(1, 6))",
    "raise": "x = 1\nif x != 1:\n    raise ValueError('no')\nassert x == 1, 'one'\nprint(x)",
    "sympy star": S + "x = symbols('x', real=True)\nprint(solve(x**2 - 4, x))",
    "sympy names": "from sympy import Symbol, Rational, integrate\nt = Symbol('t')\n"
    "print(integrate(t**2, (t, 0, Rational('1/2'))))",
    "sympy alias": "import sympy as sp\nx, y = sp.symbols('x y')\n"
    "sol = sp.solve([sp.Eq(x + y, 3), sp.Eq(x - y, 1)], [x, y])\nprint(sol[x], sol[y])",
    "sympy abc": "from sympy.abc import x\nfrom sympy import diff\nprint(diff(x**3, x).subs(x, 2))",
    "labels": S + "x = Symbol('x')\nprint('x =', solve(x - 2, x)[0], sep=' ')\n"
    "print(f'the sum is {x + 1}')\nprint('a' + str(x), '%s!' % x, '{} {}'.format(x, 2))\n"
    "print(', '.join(str(v) for v in [x, 1]))",
    "matrix": S + "M = Matrix([[1, 2], [3, 4]])\nM[0, 0] = 5\nprint(M.det(), M.inv(), M.T)",
    "geometry": S + "print(Triangle(Point(0, 0), Point(3, 0), Point(0, 4)).area)",
    "one-sided": S + "x = Symbol('x')\nprint(limit(1/x, x, 0, '+'))",
    "numpy": "import numpy as np\nA = np.array([[1.0, 2.0], [3.0, 4.0]])\n"
    "print(np.linalg.solve(A, np.array([1.0, 2.0])), np.linalg.det(A))",
}

# Each would leave something behind, see something left, or hand a string to what evaluates it.
IMPURE = {
    "import": "import os\nprint(os.getpid())",
    "import of a part": "import sympy.core.cache",
    "from a part": "from sympy.core.cache import clear_cache\nclear_cache()",
    "relative import": "from . import x",
    "star of what is not listed": "from os import *",
    "module attribute": "import math\nmath.pi = 3",
    "module attribute by assignment in a loop": "import math\nfor math.pi in [3]: pass",
    "module deleted": "import math\ndel math.pi",
    "name deleted": "x = 1\ndel x",
    "class": "class A: pass",
    "try": "try:\n    print(1)\nexcept Exception:\n    pass",
    "with": S + "with evaluate(False):\n    print(1 + x)",
    "yield": "def f():\n    yield 1",
    "async": "async def f(): pass",
    "nonlocal": "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2",
    "match": "match 1:\n    case int(): print(1)",
    "eval": "eval('1')",
    "exec": "exec('x = 1')",
    "getattr": "getattr(1, 'real')",
    "type": "print(type(1))",
    "builtins": "__builtins__['print'] = None",
    "dunder": "print(().__class__)",
    "underscore": S + "print(x._assumptions)",
    "dunder name": "__name__ = 'x'",
    "dunder bound": "def __getattr__(name): pass",
    "open": "open('/etc/passwd')",
    "input": "input()",
    "exit": "exit()",
    "system exit": "raise SystemExit",
    "base exception": "raise BaseException",
    "print to": "print(1, file=f)",
    "print with a dictionary": "print(1, **{'file': 2})",
    "print rebound": "print = len\nprint('x')",
    "print as an argument": "def f(print): print('x')",
    "print imported": "from sympy import sqrt as print\nprint('x')",
    "builtin of one function in another": "def f():\n    eval = 1\ndef g():\n    eval('1')\ng()",
    "star name of one function in another": S + "def f():\n    lambdify = 1\n"
    "def g():\n    lambdify(1, 2)",
    "global settings": "from decimal import getcontext\ngetcontext().prec = 5",
    "mpmath": "from mpmath import mp\nmp.dps = 50",
    "numpy settings": "import numpy as np\nnp.seterr(all='ignore')",
    "numpy random": "import numpy as np\nnp.random.seed(1)",
    "sympy settings": S + "init_printing()",
    "sympy sieve": S + "sieve.extend(1000)",
    "sympy var": S + "var('x')",
    "handlers": S + "register_handler('x', 1)",
    "string to sympy": S + "print(sqrt('__import__(\"os\").getpid()'))",
    "string to S": S + "print(S('1/2'))",
    "string to sympify": S + "print(sympify('x'))",
    "string to subs": S + "x = Symbol('x')\nprint(x.subs('x', '__import__(\"os\")'))",
    "string in a variable": S + "s = '1'\nprint(sqrt(s))",
    "string from str": S + "print(sqrt(str(2)))",
    "string from a function": S + "print(sqrt(repr(2)))",
    "string from an f-string": S + "print(sqrt(f'{2}'))",
    "string from an f-string's parts": S + "print(f'{sqrt(\"2\")}')",
    "string added": S + "x = Symbol('x')\nprint(x + '1')",
    "string in a format": S + "print('{}'.format(sqrt('2')))",
    "string in a list": S + "print(Matrix(['2']))",
    "string as a key": S + "d = {'2': 1}\nprint([sqrt(k) for k in d])",
    "string mapped": S + "print(list(map(str, [1])))",
    "name of a symbol": S + "print(sqrt(Symbol('x').name))",
    "symbol name with a call": S + "print(Symbol('f(x)'))",
    "symbol rebound": S + "Symbol = sqrt\nprint(Symbol('2'))",
    "rational of words": S + "print(Rational('x'))",
    "bytes": "print(b'a')",
    "changing what was given": S + "s = Symbol('x').free_symbols\ns.add(1)",
    "changing an argument": "def f(xs):\n    xs.append(1)\nxs = []\nf(xs)",
    "changing what a name was": S + "xs = []\nxs = Symbol('x').free_symbols\nxs.clear()",
    "item of what was given": "def f(xs):\n    xs[0] = 1\nf([0])",
    "unlisted attribute": S + "print(Symbol('x').assumptions0)",
    "class attribute": S + "Symbol.is_real = True",
    "error with a string": S + "print(sympify(ValueError('exec').args[0]))",
    "names of arguments": S + "print(sympify(list(dict(exec=1))[0]))",
    "names of arguments in a function": S + "f = lambda **k: list(k)\nprint(f(exec=1))",
    "class of symbols": S + "print(symbols('exec', cls=sympify))",
    "module as a value": "import sympy\nprint([sympy][0].var)",
    "two modules of one name": "import sympy as m\ndef f():\n    import numpy as m\nprint(m.var)",
    "part of a module as a value": "import numpy as np\nprint([np.linalg][0])",
    "module rebound": "import math\nmath = 3",
    "format that reads": "import statistics\nprint('{0.__globals__}'.format(statistics.mean))",
    "dummy": S + "print(Dummy('x'))",
    "decorator": "def d(f): return f\n@d\ndef f(): pass",
    "named tuple": "from collections import namedtuple\nP = namedtuple('P', 'x')",
    "attribute by name": "from operator import attrgetter\nprint(attrgetter('real')(1))",
    "unbound": "print(nobody)",
}


@pytest.mark.parametrize("code", PURE.values(), ids=PURE)
def test_pure(code):
    assert is_pure(ast.parse(code))


@pytest.mark.parametrize("code", IMPURE.values(), ids=IMPURE)
def test_not_proven(code):
    assert not is_pure(ast.parse(code))


def test_lists_name_what_there_is():
    missing = [name for name in harmless.SYMPY if not hasattr(sympy, name)]
    missing += [
        name for name in harmless.NUMPY if not hasattr(np, name) and not hasattr(np.linalg, name)
    ]
    assert missing == []


def test_a_program_prints_the_same_whatever_ran_before():
    """Each pure program alone, and all of them many times over in the same processes."""
    limits = Limits(cpu_seconds=20.0)
    codes = list(PURE.values())
    with Sandbox() as box:
        # Something that shares no process stands before each.
        alone = {}
        for code in codes:
            run = box.run("import sys\n" + code, limits)
            alone[code] = (run.kind, run.stdout)
        assert {kind for kind, _ in alone.values()} == {"ok"}
        shuffled = codes * 6
        random.Random(0).shuffle(shuffled)
        runs = box.run_many(shuffled, limits=limits, parallel=2)
        for code, run in zip(shuffled, runs, strict=True):
            assert (run.kind, run.stdout) == alone[code], code
