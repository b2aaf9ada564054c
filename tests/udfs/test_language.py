"""The language of prose, whatever formulas and code stand in it."""

import pytest

from udfs.language import detect_language

SENTENCES = {
    "en": "Let n be a positive integer. Prove that the sum of the first n odd numbers is a square.",
    "de": "Zeige, dass die Summe der ersten n ungeraden Zahlen eine Quadratzahl ist.",
    "fr": "Montrer que la somme des n premiers nombres impairs est un carré.",
    "es": "Demuestra que la suma de los primeros n números impares es un cuadrado.",
    "pt": "Encontre todas as soluções reais da equação e verifique a resposta.",
    "it": "Trovare tutte le soluzioni reali dell'equazione e verificare la risposta.",
    "pl": "Udowodnij, że suma pierwszych n liczb nieparzystych jest kwadratem.",
    "ru": "Докажите, что сумма первых n нечётных чисел является квадратом.",
    "uk": "Доведіть, що сума перших n непарних чисел є квадратом.",
    "zh": "证明前 n 个奇数之和是完全平方数。",
    "ja": "最初の n 個の奇数の和が平方数であることを証明せよ。",
    "ko": "처음 n개의 홀수의 합이 제곱수임을 증명하시오.",
    "tr": "İlk n tek sayının toplamının bir kare olduğunu gösteriniz.",
    "nl": "Bewijs dat de som van de eerste n oneven getallen een kwadraat is.",
    "cs": "Najděte všechna reálná řešení rovnice a proveďte zkoušku.",
    "ar": "أثبت أن مجموع الأعداد الفردية الأولى هو مربع كامل.",
}
FORMULA = "$$\\sum_{k=1}^{n} (2k-1) = n^2 \\text{ for all } n \\in \\mathbb{N}$$"
CODE = "```python\nimport numpy as np\nfor value in range(10):\n    print(value, sum(values))\n```"


@pytest.mark.parametrize(("language", "sentence"), SENTENCES.items())
def test_one_sentence_is_enough(language, sentence):
    assert detect_language(sentence) == language


@pytest.mark.parametrize(("language", "sentence"), SENTENCES.items())
def test_formulas_and_code_do_not_count(language, sentence):
    text = "\n\n".join([CODE, FORMULA * 3, sentence, FORMULA * 5, CODE, "\\(\\alpha = \\frac12\\)"])
    assert detect_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "$\\frac{\\text{the whole of it}}{2}$",
        CODE,
        "Solve for x",
        "1 2 3 4 5 6 7 8 9",
        "sin cos tan exp log",
        "https://example.org/the/way/to/the/page",
    ],
)
def test_too_little_prose_has_no_language(text):
    assert detect_language(text) is None
