"""Programs that were told the result and only say it again, and programs that compute."""

import pytest

from udfs.verify.restatement import is_restatement

TOLD = [
    ("print(5)", "5"),
    ("result = 5\nprint(result)", "5"),
    ("x = 2 + 3\nassert x == 5\nprint(5)", "5"),
    ("x = 2 + 3\nif x == 5:\n    print(5)", "5"),
    ("x = 2 + 3\nif x == 5:\n    print(5)\nelse:\n    print(x)", "5"),
    ("x = 2 + 3\nexpected = 5\nprint(expected if x == expected else x)", "5"),
    ("try:\n    print(5)\nexcept Exception:\n    pass", "5"),
    ("def main():\n    print(5)\nmain()", "5"),
    ("import math\ny = math.sqrt(16) + 3\nanswer = 5\nprint(answer)", "5"),
    ("x = 2 + 3\nprint(x)\nprint(5)", "5"),
    ("x = 2 + 3\nprint('The answer is', 5)", "5"),
    ("print('5')", "5"),
    ("print(eval('5'))", "5"),
    ("exec('print(5)')", "5"),
    ("import sys\nsys.stdout.write('5\\n')", "5"),
    ("import ast\nprint(ast.literal_eval('5'))", "5"),
    ("import json\nprint(json.loads('5'))", "5"),
    ("print(5*1)", "5"),
    ("print(0+5)", "5"),
    ("print(5-0)", "5"),
    ("print(5/1)", "5"),
    ("print(5**1)", "5"),
    ("print(*[5])", "5"),
    ("print([5][0])", "5"),
    ("print({'a': 5}['a'])", "5"),
    ("print(sum([5]))", "5"),
    ("print(max(5, 5))", "5"),
    ("print(next(iter([5])))", "5"),
    ("print(''.join(['5']))", "5"),
    ("print('{}'.format(5))", "5"),
    ("print('%d' % 5)", "5"),
    ("print(f'x = {5}')", "5"),
    ("print(5 if True else 6)", "5"),
    ("print(5 or 6)", "5"),
    ("print((x := 5))", "5"),
    ("a = b = 5\nprint(a)", "5"),
    ("a, b = 5, 6\nprint(a)", "5"),
    ("x = 0\nx += 5\nprint(x)", "5"),
    ("x = 3\nx = 5\nprint(x)", "5"),
    ("for x in [5]:\n    print(x)", "5"),
    ("class A:\n    v = 5\nprint(A.v)", "5"),
    ("def f(x):\n    return 5\nprint(f(3))", "5"),
    ("f = lambda: 5\nprint(f())", "5"),
    ("print((lambda: 5)())", "5"),
    ("from decimal import Decimal\nprint(Decimal('5'))", "5"),
    ("from sympy import *\nprint(simplify(sympify('5')))", "5"),
    ("import math\nprint(math.sqrt(2))", r"\sqrt2"),
    ("from math import *\nprint(pi/4)", r"\frac{\pi}{4}"),
    ("from sympy import *\nprint(simplify(sqrt(3)/2))", r"\frac{\sqrt3}{2}"),
    ("from sympy import *\nx = symbols('x')\ny = x**2 + 1\nprint(expand(y))", "x^2+1"),
    ("from sympy import *\nprint(Matrix([[1, 2], [3, 4]]))",
     r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"),
]  # fmt: skip

COMPUTED = [
    ("x = 3\nprint(x + 4)", "7"),
    ("x = 0\nprint(x + 5)", "5"),
    ("x = 18\nprint(6*x)", r"108^\circ"),
    ("print(abs(3-8))", "5"),
    ("print(f'{2 + 3}')", "5"),
    ("print(eval('2 + 3'))", "5"),
    ("print(10 // 2)", "5"),
    ("print(3 - -2)", "5"),
    ("print(round(4.7))", "5"),
    ("print(round(2.345, 2))", "2.35"),
    ("print(sum([1, 2, 2]))", "5"),
    ("print(max(3, 5))", "5"),
    ("print(len([1, 2, 3, 4, 5]))", "5"),
    ("a = [3, 4]\nprint(a[0] + a[1])", "7"),
    ("def f(x):\n    return x + 2\nprint(f(3))", "5"),
    ("f = lambda x: 2*x\nprint(f(3))", "6"),
    ("x = 5\nfor _ in range(3):\n    x = x + 1\nprint(x)", "8"),
    ("x = 2\nif x > 1:\n    y = x + 3\nelse:\n    y = 0\nprint(y)", "5"),
    ("for n in range(1, 20):\n    if n*n == 25:\n        print(n)", "5"),
    ("print([x for x in range(10) if x % 7 == 5][0])", "5"),
    ("import math\nprint(math.gcd(10, 15))", "5"),
    ("import math\nprint(math.sqrt(8) / 2)", r"\sqrt2"),
    ("import statistics\nprint(statistics.mean([4, 5, 6]))", "5"),
    ("from sympy import *\nx = symbols('x')\nprint(expand((x+1)**2))", "x^2+2x+1"),
    ("from sympy import *\nx = symbols('x')\nprint(solve(x**2-4, x))", r"\pm 2"),
    ("from sympy import *\nprint(Matrix([[1,2],[3,4]]).det())", "-2"),
]


@pytest.mark.parametrize(("code", "result"), TOLD)
def test_a_program_that_was_told_the_result_restates_it(code: str, result: str) -> None:
    assert is_restatement(code, result)


@pytest.mark.parametrize(("code", "result"), COMPUTED)
def test_a_program_that_computes_is_no_restatement(code: str, result: str) -> None:
    assert not is_restatement(code, result)
