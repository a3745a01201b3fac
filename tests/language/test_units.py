"""Units: which spellings are one unit, which never are, exact conversion, and what pint gets to see."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from decimal import Decimal, localcontext
from fractions import Fraction

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language import units as module
from engine.language.units import UnitError, Units, normal

B12 = Units.build("ng/L", ["pg/mL", "pmol/L"], "1355.37 g/mol")

ALIKE = [
    ("µg", "\u03bcg", "mcg", "ug", "microgram", "micrograms"),
    ("ng", "nanogram", "nanograms"),
    ("mL", "ml", "milliliter", "millilitres"),
    ("dL", "dl"),
    ("L", "l", "litre", "liter"),
    ("day", "days", "d"),
    ("week", "weeks"),
    ("month", "months"),
    ("year", "years"),
    ("h", "hour", "hours"),
    ("dose", "doses"),
    ("10^9/L", "x10^9/L", "×10^9/L", "10*9/L", "10⁹/L", "x 10^9/L", "10 * 9 / l", "10E9/L"),
    ("µmol/L", "umol/L", "micromol/L", "\u03bcmol/l", "mcmol/L", "umol / l", "umol per L"),
    ("mg*h/L", "mg * hours/l"),
    ("mL/min/1.73 m²", "ml/min/1.73m2", "mL/min/1.73 m^2"),
    ("°C", "degC", "Celsius"),
]

UNLIKE = [
    "Mg",
    "mg",
    "µg",
    "ng",
    "NG",
    "pg",
    "g",
    "G",
    "m",
    "M",
    "min",
    "month",
    "mm",
    "mmol",
    "mol",
    "U",
    "IU",
    "unit",
]

EXACT = [
    ("ng/L", "pg/mL", 1),
    ("g/dL", "g/L", 10),
    ("µmol/L", "nmol/L", 1000),
    ("mg", "mcg", 1000),
    ("mcg/mL", "mg/mL", Fraction(1, 1000)),
    ("10^9/L", "10^6/mL", 1),
    ("10^3/µL", "10^9/L", 1),
    ("10^12/L", "10^6/µL", 1),
    ("mIU/L", "µIU/mL", 1),
    ("weeks", "days", 7),
    ("months", "days", Fraction("30.4375")),
    ("years", "days", Fraction("365.25")),
    ("years", "months", 12),
    ("hours", "minutes", 60),
    ("lb", "kg", Fraction("0.45359237")),
    ("in", "cm", Fraction("2.54")),
    ("mL/min/1.73 m²", "mL/min/m²", 1 / Fraction("1.73")),
]

CHECKED = [
    ("180", "ng/L", "pmol/L", "132.805064300"),
    ("350", "ng/L", "pmol/L", "258.232069472"),
    ("145", "pg/mL", "pmol/L", "106.981857353"),
    ("250", "ng/L", "pmol/L", "184.451478194"),
    ("133", "pmol/L", "ng/L", "180.26421"),
    ("284", "pg/mL", "ng/L", "284"),
]

REFUSED = [
    (("ng/L", ["pmol/L"], None), "'ng/L' and 'pmol/L': one is by mass and one by mol. Add the molar mass"),
    (("pmol/L", ["ng/L"], None), "one is by mass and one by mol"),
    (("ng/L", ["days"], None), "'ng/L' and 'days' do not measure the same"),
    (("ng/L", ["days"], "1355.37 g/mol"), "'ng/L' and 'days' do not measure the same"),
    (("ng/L", ["pmol"], "1355.37 g/mol"), "do not measure the same"),
    (("U/L", ["IU/L"], None), "do not measure the same"),
    (("mmol/mol", ["mg/g"], None), "do not measure the same"),
    (("%", ["mmol/mol"], None), "'%' is not known"),
    (("ng/L", ["NG/mL"], None), "'NG/mL' is not known"),
    (("mg/kg*h", ["g/kg*h"], None), "is not known"),
    (("mg/°C", ["g/°C"], None), "is not known"),
    (("ng/L", ["ng/l"], None), "'ng/L' and 'ng/l' are one unit. List it once."),
    (("ng/L", ["ng/L"], None), "are one unit"),
    (("mg", ["g", "gram"], None), "'g' and 'gram' are one unit"),
    ((None, ["mg"], None), "not the main one"),
    (("", [], None), "'' cannot be read after a number"),
    (("5 days", [], None), "cannot be read after a number"),
    (("m" * 61, [], None), "cannot be read after a number"),
    (("ng/L", ["pmol/L"], "1355.37"), "'1355.37' is not a molar mass. Write it like"),
    (("ng/L", ["pmol/L"], "0 g/mol"), "is not a molar mass"),
    (("ng/L", ["pmol/L"], "-1 g/mol"), "is not a molar mass"),
    (("ng/L", ["pmol/L"], "heavy"), "is not a molar mass"),
    (("ng/L", ["pmol/L"], "1355,37 g/mol"), "is not a molar mass"),
    (("ng/L", ["pmol/L"], "1355.37 g/L"), "is not a molar mass"),
]

KNOWN_TO_PINT = [known for known in module._TABLE if "clinical" not in known.pint]
KNOWN = st.sampled_from(module._TABLE)
SPELLED = KNOWN.flatmap(lambda known: st.sampled_from([known.name, *known.others]).map(lambda text: (text, known.name)))
NUMBERS = st.integers(-(10**15) + 1, 10**15 - 1).map(lambda digits: Decimal(digits).scaleb(-6))
CONVERTIBLE = [
    (one.name, other.name)
    for one, other in itertools.product(module._TABLE, repeat=2)
    if one != other and one.dimension == other.dimension
]


# Spellings


@pytest.mark.parametrize("spellings", ALIKE, ids=lambda spellings: spellings[0])
def test_spellings_of_one_unit_are_alike(spellings):
    assert {normal(spelling) for spelling in spellings} == {spellings[0]}


def test_units_that_look_alike_stay_apart():
    assert len({normal(unit) for unit in UNLIKE}) == len(UNLIKE)


def test_no_spelling_in_the_table_belongs_to_two_units():
    claims = [(spelling, known.name) for known in module._TABLE for spelling in {known.name, *known.others}]

    assert len(dict(claims)) == len(claims)
    assert len({known.name for known in module._TABLE}) == len(module._TABLE)


def test_no_two_names_in_the_table_are_the_same_size_of_the_same_thing():
    sizes = {}
    registry = module._registry()
    for known in module._TABLE:
        quantity = registry.Quantity(Fraction(1), known.pint).to_base_units()
        sizes.setdefault((known.dimension, quantity.magnitude), []).append(known.name)

    assert [names for names in sizes.values() if len(names) > 1] == []


@given(st.lists(SPELLED, min_size=1, max_size=3), st.data())
def test_a_composed_unit_is_equal_exactly_where_its_parts_are(spelled, data):
    others = data.draw(st.tuples(*(st.just(one) | SPELLED for one in spelled)))

    equal = normal("/".join(text for text, _ in spelled)) == normal(" / ".join(text for text, _ in others))

    assert equal == ([name for _, name in spelled] == [name for _, name in others])


@given(st.text("gmµuL/*10^9 pers\u03bc", max_size=30) | st.text(max_size=30))
def test_the_one_spelling_is_its_own_spelling(text):
    assert normal(normal(text)) == normal(text)


# Finding


@pytest.mark.parametrize(
    ("text", "found"),
    [("ng/L", "ng/L"), ("ng / l", "ng/L"), ("nanograms per litre", "ng/L"), ("pg/ml", "pg/mL"), ("pmol/l", "pmol/L")],
)
def test_unit_is_found_as_listed(text, found):
    assert B12.find(text) == found


def test_listed_spelling_is_kept():
    assert Units.build("weeks", ["days"]).find("week") == "weeks"
    assert Units.build("mcg").find("µg") == "mcg"


@pytest.mark.parametrize(
    ("text", "guess"),
    [("NG/L", "ng/L"), ("ngl", "ng/L"), ("PMOL/L", "pmol/L"), ("pmol", "pmol/L"), ("pg/dL", "pg/mL")],
)
def test_near_miss_is_refused_with_a_guess_and_the_list(text, guess):
    with pytest.raises(UnitError, match=f"^'{text}' .* Did you mean {guess}. Write ng/L or pg/mL or pmol/L.$"):
        B12.find(text)


@pytest.mark.parametrize("text", ["", "fish", "9**9**9", "ng/L" * 3_000_000, "/" * 10_000_000, "ng/L" + " " * 99])
def test_anything_else_is_refused_in_short(text):
    with pytest.raises(UnitError) as refusal:
        B12.find(text)

    assert len(str(refusal.value)) < 200


def test_number_without_unit_refuses_any():
    with pytest.raises(UnitError, match="'mg': this number has no unit"):
        Units.build(None).find("mg")


# Building


@pytest.mark.parametrize("label", ["doses", "points", "10^9/L", "%", "fL", "widgets", "mg/kg*h"])
def test_single_unit_may_be_any_label(label):
    units = Units.build(label)

    assert units.find(label) == label
    assert units.convert(Decimal("0.10"), label, label) == Decimal("0.10")
    assert not units.required


def test_names_come_in_order_and_several_are_required():
    assert B12.names == ("ng/L", "pg/mL", "pmol/L")
    assert B12.required
    assert Units.build(None).names == ()
    assert not Units.build(None).required


@pytest.mark.parametrize(("given_units", "message"), REFUSED)
def test_units_that_cannot_stand_together_are_refused(given_units, message):
    with pytest.raises(UnitError) as refusal:
        Units.build(*given_units)

    assert message in str(refusal.value)


# Converting


@pytest.mark.parametrize(("source", "target", "factor"), EXACT)
def test_factor_is_exact_both_ways(source, target, factor):
    source, target = normal(source), normal(target)

    assert module._line(source, target, 0) == (factor, 0)
    assert module._line(target, source, 0) == (1 / Fraction(factor), 0)


@pytest.mark.parametrize(("number", "source", "target", "converted"), CHECKED)
def test_vitamin_b12_is_converted_as_computed_not_as_published(number, source, target, converted):
    assert B12.convert(Decimal(number), source, target) == Decimal(converted)


def test_molar_mass_may_be_in_other_units():
    units = Units.build("ng/L", ["pmol/L"], "1.35537 kg/mol")

    assert units.convert(Decimal(180), "ng/L", "pmol/L") == Decimal("132.805064300")


@pytest.mark.parametrize(
    ("number", "source", "target", "converted"),
    [
        ("37",   "°C", "°F", "98.6"),
        ("98.6", "°F", "°C", "37"),
        ("-40",  "°C", "°F", "-40"),
        ("0",    "°F", "°C", "-17.7777777778"),
    ],
)  # fmt: skip
def test_temperatures_have_their_own_zero(number, source, target, converted):
    assert Units.build("°C", ["°F"]).convert(Decimal(number), source, target) == Decimal(converted)


def test_same_unit_leaves_the_number_alone():
    assert str(B12.convert(Decimal("180.123456789012340"), "ng/L", "ng/l")) == "180.123456789012340"


def test_unit_that_is_not_listed_is_not_converted():
    with pytest.raises(UnitError, match="'mg/L' is not a unit of this number"):
        B12.convert(Decimal(1), "mg/L", "ng/L")


@given(NUMBERS, st.permutations(B12.names))
def test_there_and_back_is_the_same_to_eleven_digits(number, names):
    source, target, _ = names

    there_and_back = B12.convert(B12.convert(number, source, target), target, source)

    assert abs(there_and_back - number) <= abs(number) * Decimal("1e-11")


@given(NUMBERS)
def test_equal_units_are_one_to_one(number):
    converted = B12.convert(number, "pg/mL", "ng/L")

    assert abs(converted - number) <= abs(number) * Decimal("1e-11")
    assert B12.convert(converted, "ng/L", "pg/mL") == converted


@pytest.mark.parametrize(("source", "target"), CONVERTIBLE)
def test_pint_computes_every_pair_of_the_table_in_fractions(source, target):
    factor, offset = module._line(source, target, 0)

    assert type(factor) is type(offset) is Fraction
    assert module._line(target, source, 0) == (1 / factor, -offset / factor)


@pytest.mark.parametrize(
    ("base", "smaller"), [("g", "mg µg ng pg fg"), ("L", "mL µL nL pL fL"), ("mol", "mmol µmol nmol pmol")]
)
def test_prefixes_are_powers_of_a_thousand(base, smaller):
    factors = [module._line(base, unit, 0)[0] for unit in smaller.split()]

    assert factors == [1000 ** (at + 1) for at in range(len(factors))]


@pytest.fixture(scope="module")
def of_pint():
    """A registry with pint's own list of units."""
    return pint.UnitRegistry(non_int_type=Fraction)


@pytest.mark.parametrize("known", KNOWN_TO_PINT, ids=lambda known: known.name)
def test_what_pint_is_told_of_a_unit_is_what_its_own_list_says(of_pint, known):
    ours, theirs = (
        [registry.Quantity(Fraction(number), known.pint).to_root_units() for number in (0, 1)]
        for registry in (module._registry(), of_pint)
    )

    assert [each.magnitude for each in ours] == [each.magnitude for each in theirs]
    assert dict(ours[1].unit_items()) == dict(theirs[1].unit_items())


def test_our_dimensions_are_those_of_pint():
    registry = module._registry()
    by_pint = {
        known.name: frozenset(registry.Quantity(1, known.pint).dimensionality.items()) for known in module._TABLE
    }

    pairs = {(known.dimension, by_pint[known.name]) for known in module._TABLE}

    assert len(pairs) == len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs})


def test_the_ambient_decimal_context_changes_nothing():
    with localcontext(prec=1):
        converted = B12.convert(Decimal(180), "ng/L", "pmol/L")

    assert converted == Decimal("132.805064300")


# Comparing


def test_units_alike_have_one_dimension():
    assert Units.dimension("pg/mL") == Units.dimension("ng / l") == Units.dimension("g/dL")
    assert Units.dimension("pg/mL") != Units.dimension("pmol/L")
    assert Units.dimension("mmol/mol") != Units.dimension("mg/g")
    assert Units.dimension("fish") == Units.dimension(" fish") != Units.dimension("fowl")


@pytest.mark.parametrize(
    ("reported", "listed", "target"),
    [
        ("ng/L",   ["ng/L", "pmol/L"],          "ng/L"),
        ("pmol/L", ["ng/L", "pmol/L"],          "pmol/L"),
        ("pg/mL",  ["pmol/L", "ng/L"],          "ng/L"),
        ("pg/mL",  ["ng/L", "pg/mL"],           "pg/mL"),
        ("pg/ml",  ["ng/L", "pg/mL"],           "pg/mL"),
        ("pg/mL",  ["pmol/L"],                  "pmol/L"),
        ("nmol/L", ["ng/L", "pg/mL"],           "ng/L"),
        ("g/L",    ["pmol/L", "ng/L", "pg/mL"], "ng/L"),
    ],
)  # fmt: skip
def test_value_is_compared_in_the_unit_nearest_to_the_reported(reported, listed, target):
    assert Units.target(reported, listed) == target


# Pint


def test_pint_never_sees_what_a_person_wrote(monkeypatch):
    seen = []
    registry = module._registry()

    class Spy:
        def Quantity(self, number, unit):  # noqa: N802 (the name that pint gave it)
            seen.append(unit)
            return registry.Quantity(number, unit)

    monkeypatch.setattr(module, "_registry", Spy)
    module._line.cache_clear()
    units = Units.build("nanograms  per litre", ["pg/ml", "pmol / l"], "1355.37 g/mol")
    units.convert(Decimal(1), "ng / l", "picomol/litre")
    for text in ["9**9**9", "__import__('os')", "NG/L", "ng/L + 1"]:
        with pytest.raises(UnitError):
            units.find(text)
        with pytest.raises(UnitError):
            units.convert(Decimal(1), text, "ng/L")
        with pytest.raises(UnitError):
            Units.build("mg", [text])
        assert normal(text)
        assert Units.dimension(text)

    assert set(seen) == {"nanogram/liter*mole/gram"}


def test_pint_is_loaded_at_the_first_conversion_and_not_before():
    program = """
import sys
from decimal import Decimal
from engine.language.units import Units
units = Units.build("ng/L", ["pg/mL", "pmol/L"], "1355.37 g/mol")
units.find("pg/ml"), units.target("pg/mL", ["ng/L"]), units.convert(Decimal(1), "ng/L", "ng/l")
assert "pint" not in sys.modules
units.convert(Decimal(1), "ng/L", "pg/mL")
assert "pint" in sys.modules
"""
    told = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stderr


def test_threads_may_convert_at_once():
    module._line.cache_clear()
    module._registry.cache_clear()
    start = threading.Barrier(8)
    results = []

    def convert():
        start.wait()
        results.append([B12.convert(Decimal(180), "ng/L", target) for target in B12.names])

    threads = [threading.Thread(target=convert) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [[180, 180, Decimal("132.805064300")]] * 8
