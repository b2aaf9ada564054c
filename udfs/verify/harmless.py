"""Names that a program may use without touching anything but what it has made itself.

Each list was read through name by name. What is missing is missing on purpose: what looks into
objects (`getattr`, `type`, `vars`), evaluates strings (`lambdify`, `parse_expr`), opens, reads,
prints by itself, changes a setting for all that comes after it (`decimal.getcontext`,
`sympy.init_printing`, `numpy.seterr`, `numpy.random`), numbers what it makes (`Dummy`), or keeps
what it found under arguments that are equal but not the same (`bell`, `Order`: `(1, 2)` and
`(1.0, 2.0)` are one to SymPy's cache).
"""

from __future__ import annotations

import builtins
import cmath
import itertools
import math
import re
import statistics


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ERRORS = _words("""
    ArithmeticError AssertionError IndexError KeyError NotImplementedError OverflowError TypeError
    ValueError ZeroDivisionError
""")
# Missing on purpose: what looks into objects (`getattr`, `type`, `vars`), evaluates, opens, reads.
BUILTINS = ERRORS.union(
    _words("""
    abs all any bool complex dict divmod enumerate filter float frozenset int isinstance iter len
    list map max min next pow print range reversed round set slice sorted sum tuple zip __name__
""")
)
# These make strings, which are harmless only where nothing evaluates strings.
BUILTIN_MAKERS = _words("ascii bin chr format hex oct ord repr str")
STRING_MAKERS = BUILTIN_MAKERS.union(_words("latex pretty sstr srepr"))
UNLISTED_BUILTINS = frozenset(vars(builtins)) - BUILTINS - BUILTIN_MAKERS

SYMPY = _words("""
    Abs Add And Circle Complement Complexes ConditionSet Contains Derivative Determinant
    DiracDelta E Ellipse EmptySet Eq Equality EulerGamma FiniteSet Float Function Ge GoldenRatio
    GreaterThan Gt Heaviside I Id Identity ImageSet ImmutableMatrix Integer Integers Integral
    Intersection Interval Inverse LC LM LT Lambda LambertW Le LessThan Limit Line Line2D Line3D Lt
    Matrix Max Min Mod Mul N Naturals Naturals0 Ne Not Or Piecewise Plane Point Point2D Point3D
    Poly Polygon Pow Product ProductSet QQ Range Rational Rationals Ray Reals RegularPolygon Rel
    RootOf S Segment StrictGreaterThan StrictLessThan Subs Sum Symbol SymmetricDifference
    Transpose Triangle Tuple Unequality Union UniversalSet Xor ZZ acos acosh acot acoth acsc acsch
    apart arg asec asech asin asinh atan atan2 atanh bernoulli beta binomial cancel casoratian
    catalan cbrt ceiling chebyshevt chebyshevu collect combsimp compose conjugate content
    continued_fraction continued_fraction_convergents continued_fraction_iterator
    continued_fraction_periodic continued_fraction_reduce convex_hull cos cosh cot coth count_ops
    count_roots csc csch cyclotomic_poly deg degree denom det diag diff digamma diophantine
    discrete_log discriminant div divisor_count divisor_sigma divisors dsolve egyptian_fraction
    erf erfc euler exp expand expand_func expand_log expand_mul expand_power_base expand_power_exp
    expand_trig exquo eye factor factor_list factor_terms factorial factorial2 factorint factorrat
    false ff fibonacci flatten floor frac fraction gamma gammasimp gcd gcd_list gcd_terms gcdex
    genocchi groebner half_gcdex harmonic hermite hessian idiff igcd ilcm im integer_log
    integer_nthroot integrate interpolate intersection invert is_abundant is_deficient
    is_decreasing is_increasing is_monotonic is_nthpow_residue is_perfect is_primitive_root
    is_quad_residue is_strictly_decreasing is_strictly_increasing isprime jacobi_symbol
    kronecker_symbol laguerre lcm lcm_list legendre legendre_symbol limit linear_eq_to_matrix
    linsolve ln log logcombine loggamma lowergamma lucas maximum minimal_polynomial minimum
    minpoly mobius mod_inverse monic multiplicity n_order nan nextprime nfloat nonlinsolve
    npartitions nroots nsimplify nsolve nthroot_mod numer ones oo partition perfect_power
    periodicity pi piecewise_fold poly polygamma polylog powdenest powsimp pquo prem prevprime
    prime primefactors primenu primeomega primepi primerange primitive primitive_root primorial
    prod product proper_divisor_count proper_divisors quo rad radsimp ratsimp re real_root
    real_roots reduce_inequalities reduced_totient rem residue resultant rf root rootof roots
    rsolve sec sech separatevars sequence series sign signsimp simplify sin sinc singularities
    sinh solve solve_linear solve_linear_system solve_poly_inequality solve_poly_system
    solve_rational_inequalities solve_undetermined_coeffs solve_univariate_inequality solveset sqf
    sqf_list sqf_part sqrt sqrt_mod sqrtdenest stationary_points stieltjes sturm subfactorial
    summation symbols sympify tan tanh terms_gcd together total_degree totient trace trailing
    transpose tribonacci trigamma trigsimp true trunc uppergamma wronskian zeros zeta zoo
""")
NUMPY = _words("""
    abs absolute allclose amax amin angle arange arccos arcsin arctan arctan2 argmax argmin
    argsort array array_equal ceil clip concatenate conj conjugate convolve corrcoef cos cosh
    count_nonzero cov cross cumprod cumsum deg2rad degrees det diag diff divide dot e eig eigh
    eigvals eigvalsh exp expm1 eye float64 floor fmod full gcd hstack identity imag inf inner
    int64 interp inv isclose isfinite isinf isnan isreal lcm linspace log log10 log1p log2
    logspace matmul matrix_power matrix_rank max maximum mean median meshgrid min minimum mod nan
    norm ones outer percentile pi pinv poly polyder polyfit polyint polymul polyval power prod
    quantile rad2deg radians ravel real remainder reshape rint roots round sign sin sinc sinh
    solve sort sqrt square stack std subtract sum tan tanh tile trace transpose trapezoid tril
    triu trunc unique var vdot vstack where zeros zeros_like
""")


def _public(module: object) -> frozenset[str]:
    return frozenset(name for name in vars(module) if not name.startswith("_"))


# What may be imported, and what of it. Where a name is missing, it changes something for all
# (`decimal.getcontext`), makes code of strings (`namedtuple`) or reads attributes by name.
MODULES = {
    "math": _public(math),
    "cmath": _public(cmath),
    "statistics": _public(statistics) & frozenset(statistics.__all__),
    "itertools": _public(itertools),
    "fractions": frozenset({"Fraction"}),
    "decimal": frozenset({"Decimal"}),
    "collections": frozenset({"Counter", "defaultdict", "deque", "OrderedDict"}),
    "functools": frozenset({"reduce", "lru_cache", "cache"}),
    "operator": _words("add sub mul truediv floordiv mod pow neg and_ or_ xor"),
    "random": _words("randint uniform choice sample shuffle randrange gauss"),
    "sympy": SYMPY,
    "sympy.abc": frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    | _words("alpha beta gamma delta epsilon theta lambda mu nu rho sigma tau phi"),
    "numpy": NUMPY,
    "numpy.linalg": NUMPY,
}
# With these, a string that a function is given may be evaluated.
EVALUATING = frozenset({"sympy", "sympy.abc", "numpy", "numpy.linalg"})

# Attributes that may be read of anything: what they name leaves its object as it is.
READING = _words("""
    T H C LC LM LT QRdecomposition LUdecomposition LUsolve adjugate all_coeffs altitudes
    angle_between angles apart applyfunc area args as_base_exp as_coefficients_dict as_independent
    as_integer_ratio as_numer_denom as_ordered_factors as_ordered_terms as_poly as_real_imag
    as_tuple atoms base bisectors bit_count bit_length boundary bounds cancel ceil center centroid
    char_poly charpoly cholesky circumcenter circumcircle circumference circumradius coeff coeffs
    cofactor cofactor_matrix col collect columnspace columns comb complement conjugate contains
    copy count cross degree delta denom denominator det diagonal diagonalize diff direction
    distance doit dot eccentricity echelon_form eigenvals eigenvects elements encloses_point end
    equals equation evalf exp expand factor factor_list flatten foci free_symbols from_float func
    function gauss_jordan_solve gens get has height hradius hstack imag incenter incircle index
    inf inradius integrate intersect intersection inv inverse is_Add is_Integer is_Mul is_Number
    is_Pow is_Rational is_Symbol is_algebraic is_commutative is_complex is_composite is_convex
    is_diagonalizable is_disjoint is_empty is_equilateral is_even is_finite is_imaginary
    is_infinite is_integer is_irrational is_isosceles is_negative is_nonnegative is_nonpositive
    is_nonzero is_number is_odd is_parallel is_perpendicular is_polynomial is_positive is_prime
    is_proper_subset is_rational is_real is_right is_scalene is_similar is_square is_subset
    is_superset is_symmetric is_zero isdisjoint issubset issuperset items jordan_form keys left
    length lhs limit limit_denominator limits ln log log10 lower_triangular_solve major max mean
    measure medians midpoint min minor monic monoms most_common multiply n norm normalized nroots
    nsimplify nullspace num number numerator orthocenter p parallel_line perimeter
    perpendicular_line perpendicular_segment pinv points pow primitive prod projection q quantize
    radius radsimp rank ravel real real_roots reflect removeO replace reshape rewrite rhs right
    roots row rowspace rref scale separate series shape sides simplify size slope solve
    solve_least_squares sqrt start std subs sum sup symmetric_difference terms to_integral
    to_integral_value together tolist total total_degree trace translate transpose trigsimp union
    values var variables variance vertices vol vradius width x xreplace y z Complexes EmptySet
    Exp1 GoldenRatio Half ImaginaryUnit Infinity Integers NaN Naturals Naturals0 NegativeInfinity
    NegativeOne One Pi Rationals Reals Zero
""")

# Attributes that make strings of strings.
STRING_METHODS = _words("""
    lower upper strip lstrip rstrip replace split join title zfill casefold format isalpha isdigit
    isupper islower startswith endswith maketrans
""")
# Attributes that change their object: only of what the program has made itself.
CHANGING = _words("""
    add append appendleft clear difference_update discard extend extendleft fill insert
    intersection_update pop popitem popleft push put remove reverse rotate row_swap setdefault
    sort subtract swap symmetric_difference_update update
""")
# What makes something new each time it is called that can be changed.
CONTAINERS = _words(
    "Counter Matrix OrderedDict array defaultdict deque dict eye full list ones set sorted zeros"
)
# What makes strings of the names of its arguments.
NAMED = frozenset({"dict", "Counter", "OrderedDict", "defaultdict"})
# Names on whose meaning the proof rests: they may be imported but not stand for anything else.
FIXED = (
    frozenset({"print", "symbols", "Symbol", "Function", "Rational", "Float", "Integer"})
    | frozenset({"Fraction", "Decimal", "float", "int", "cache", "lru_cache"})
    | ERRORS
    | CONTAINERS
    | STRING_MAKERS
)
NAMING = frozenset({"symbols", "Symbol", "Function"})
NUMBERING = frozenset({"Rational", "Float", "Fraction", "Decimal", "Integer", "float", "int"})
SYMBOL_NAMES = re.compile(r"[A-Za-z_0-9 ,:]*")
NUMERAL = re.compile(r"\s*[-+]?(?:[0-9.]+(?:/[0-9]+)?|inf|nan)\s*")
