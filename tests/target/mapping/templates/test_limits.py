"""A template does a limited amount of work for a row, whatever its text is."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from target_talon_one.mapping.templates.template import Template

GREEDY = [
    "{{ 'a' * 3000000000 }}",
    "{{ 3000000000 * 'a' }}",
    "{{ [1] * 3000000000 }}",
    "{{ [''] * 3000000000 }}",
    "{{ (1, 2) * n }}",
    "{{ 10 ** (10 ** 10) }}",
    "{{ 10 ** n }}",
    "{{ (9 ** 3000) ** 3000 }}",
    "{{ range(3000000000) | list }}",
    "{{ range(-9, 10 ** 30) | list }}",
    "{{ 1e999999999 | int }}",
    "{{ 1e999999999 | round(0, 'ceil') }}",
    "{{ n | round(-3000000000) }}",
    "{{ 'a' | center(n) }}",
    "{{ 'a' | indent(n, true) }}",
    "{{ ['a'] | batch(n, 'x') | list }}",
    "{{ ['a'] | slice(n) | list }}",
    "{{ ['a'] | map('center', n) | list }}",
    "{{ 'a'.center(n) }}",
    "{{ 'a'.ljust(width) }}",
    "{{ 'a'.zfill(n) }}",
    "{{ '\t'.expandtabs(n) }}",
    "{{ (1).to_bytes(n, 'big') }}",
    "{{ '%3000000000d' % 1 }}",
    "{{ '%*d' % (n, 1) }}",
    "{{ '%3000000000d' | format(1) }}",
    "{{ '{:3000000000}'.format(1) }}",
    "{{ '{:{}}'.format(1, n) }}",
    "{{ ('a' * 4000).replace('a', 'b' * 4000) }}",
    "{{ ('a' * 4000) | replace('a', 'b' * 4000) }}",
    "{{ (['a'] * 4000) | join('b' * 4000) }}",
    "{{ ('b' * 4000).join(['a'] * 4000) }}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) if b < 0 %}{% endfor %}{% endfor %}",
    "{% for a in range(999) %}{{ range(99999) | sum }}{% endfor %}",
    "{% for a in range(9999) %}{{ range(9999) | map('string') | join | length }}{% endfor %}",
    "{% set l = range(9999) | list %}{% for a in range(99999) %}{{ 'x' in l }}{% endfor %}",
    "{% set l = range(9999) | list %}{% for a in range(99999) %}{{ 'x' is in l }}{% endfor %}",
    "{% set l = range(9999) | list %}{% for a in range(99999) %}{{ l[:] | first }}{% endfor %}",
    "{% set s = 'a' * 1000000 %}{% for a in range(99999) %}{{ s }}{% endfor %}",
    "{% set ns = namespace(x='ab') %}{% for a in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x='ab') %}{% for a in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=[1]) %}{% for a in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x=9) %}{% for a in range(60) %}{% set ns.x = ns.x * ns.x %}{% endfor %}{{ ns.x }}",
    "{% for a in range(9) recursive %}{{ loop(range(9)) }}{% endfor %}",
    "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
]
SCRIPT = """
import json, resource, sys, time
from target_talon_one.mapping.templates.template import TemplateError, Template
from target_talon_one.mapping.conversion_errors import ConversionError

resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
for text in json.load(sys.stdin):
    start = time.process_time()
    try:
        found = repr(Template(text)({"n": 3000000000, "width": 3000000000}))[:50]
    except (TemplateError, ConversionError) as error:
        found = str(error)
    print(json.dumps([found, time.process_time() - start]), flush=True)
"""


def test_a_greedy_template_refuses_the_row_quickly():
    """Each of these templates is refused in well under a second and with little memory, in one line."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], input=json.dumps(GREEDY), capture_output=True, text=True, timeout=120
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(GREEDY) == len(found), (GREEDY[len(found)], done.stderr)
    wrong = [
        (text, words, seconds)
        for text, (words, seconds) in zip(GREEDY, found, strict=True)
        if not words.startswith(("does too much: ", "it does too much: ", "fails: ")) or "\n" in words or seconds > 1
    ]
    assert [] == wrong


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{% for a in range(1000) %}{{ loop.last }}{% endfor %}", "False" * 999 + "True"),
        ("{{ '-' * 1000 }}", "-" * 1000),
        ("{{ 2 ** 64 }}", 2**64),
        ("{{ range(1000) | sum }}", 499500),
        ("{{ text | truncate(255) | length }}", 255),
        ("{{ text | replace('a', 'bb') | length }}", 200_000),
        ("{{ '%05.1f' % 2.5 }}", "002.5"),
        ("{{ '{:>8}'.format('a') }}", "       a"),
        ("{{ ', '.join(['a', 'b']) }}", "a, b"),
        ("{% for a in [[1, []]] recursive %}{{ a[0] }}{{ loop(a[1]) }}{% endfor %}", "1"),
        ("{% macro f(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}", "12"),
    ],
)
def test_a_usual_template_stays_within_the_limits(text, expected):
    """Loops, widths and powers of an everyday size are allowed."""
    assert expected == Template(text)({"text": "a" * 100_000})
