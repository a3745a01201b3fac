"""What the B12 rulesets promise, held over random complete patients, cut-offs included, through the real engine.

A complete patient has an answer to every question, "I do not know" among them, whether or not it would be asked.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from decimal import Decimal
from functools import cache, partial
from itertools import pairwise
from math import ceil
from statistics import mean

import pytest

import engine
from engine.inference.compile import compile_ruleset
from engine.inference.run import Run
from engine.language import model
from engine.language.load import SHIPPED
from engine.language.model import Bound, ValueTest
from engine.logic.evaluate import Evaluation
from engine.logic.signs import FALSE, TRUE
from engine.logic.support import explain
from tests.inference.test_agreement import assert_agree, in_pieces, programs_of
from tests.logic.test_faithful import cited, given_only, gives
from tests.logic.test_growth import assert_stands, growing
from tests.random_rulesets import all_tests

CORE, GENERAL = "b12-core", "b12-general"
USUAL, MANY, CHUNKS = 2_000, 20_000, 8
ARTICLE = (
    "Introduction: Getting Vitamin B12 Injections Right (Without Guessing)",
    "What “Vitamin B12 Injection Dose Guidelines” Actually Depend On",
    "Key decision factors clinicians use",
    "Common b12 Injection Guidelines: Practical Regimen Framework",
    "1) Initial (repletion) phase",
    "2) Maintenance phase",
    "3) If neurologic symptoms are present",
    "How to Use B12 Injection Guidelines Safely: Monitoring and Response",
    "What response should look like",
    "What to discuss with your clinician before and during treatment",
    "Injection vs. Oral: When Guidelines Might Lead You Away From Shots",
    "Injections are commonly favored when",
    "Oral therapy might be considered when",
    "Common Mistakes I’ve Seen With B12 Injection Dosing",
    "What are the typical b12 injection guidelines for an adult?",
    "How long does it take to feel better after starting B12 injections?",
    "Can I self-inject vitamin B12, and is that ever a problem?",
    "Conclusion: Your Next Practical Step",
)
CORD_OR_EYE = {"weakness", "bladder_bowel", "vision"}
WITHOUT_ABSORPTION = {
    "pernicious_anaemia", "total_gastrectomy", "partial_gastrectomy", "gastric_bypass", "sleeve_gastrectomy",
    "ileal_resection", "crohns_ileum", "coeliac", "other_malabsorption",
}  # fmt: skip
FOR_LIFE = {"pernicious_anaemia", "total_gastrectomy", "gastric_bypass", "sleeve_gastrectomy", "ileal_resection"}


@cache
def loaded(name):
    return engine.load_ruleset(SHIPPED / name)


# Patients


@cache
def numbers(name, fact_id):
    """Answers to a number: each cut-off in each unit, a bit below and above it, and the ends of what is plausible."""
    ruleset = loaded(name)
    fact = ruleset.facts[fact_id]
    cutoffs = [
        cutoff
        for test in all_tests(ruleset)
        if test.fact == fact_id and isinstance(test, ValueTest)
        for check in test.checks
        if isinstance(check, Bound)
        for cutoff in check.cutoffs
    ]
    found = [str(end) for end in fact.plausible or ()]
    for cutoff in cutoffs:
        step = max(cutoff.number / 1000, Decimal("0.0001"))
        near = (cutoff.number - step, cutoff.number, cutoff.number + step)
        found += [str(replace(cutoff, number=number)) for number in near if number >= 0]
    return tuple(dict.fromkeys(found))


def random_patient(rng, name=GENERAL, **fixed):
    """A complete set of answers as they would be typed; what is fixed stays."""
    not_known = rng.choice([0.0, 0.05, 0.15, 0.5])
    return {
        fact.id: fixed[fact.id] if fact.id in fixed else random_answer(rng, name, fact, not_known)
        for fact in loaded(name).inputs
    }


def random_answer(rng, name, fact, not_known):
    if not fact.required and rng.random() < not_known:
        return "unknown"
    if fact.id == "age":
        return rng.choice(["17", "17.9", "18", "59", "60", str(rng.randint(1, 100)), *[str(rng.randint(18, 95))] * 6])
    if fact.id == "cobalamin_allergy":
        return rng.choice(["yes", *["no"] * 9])
    if fact.type == "number":
        return rng.choice(numbers(name, fact.id) or ["1", "50"])
    if fact.is_set:
        return rng.sample(fact.option_ids, rng.choice([0, 0, 1, 1, 2]))
    return rng.choice(fact.option_ids)


OF_THE_HEALTHY = {
    "age": ("34", "60", "72"),
    "cobalamin_allergy": ("no", "unknown"),
    "serum_b12": ("179 ng/L", "200 ng/L", "250 ng/L", "350 ng/L", "351 ng/L", "200 pmol/L", "unknown"),
    "active_b12": ("50 pmol/L", "80 pmol/L", "unknown", "unknown"),
    "mma": ("250 nmol/L", "unknown", "unknown"),
    "homocysteine": ("12 umol/L", "unknown", "unknown"),
    "haemoglobin": ("99 g/L", "125 g/L", "145 g/L", "145 g/L", "unknown"),
    "sample_timing": ("before_treatment", "before_treatment", "on_injections", "unknown"),
    "neuro_symptoms": ((), (), (), ("numbness_tingling",), ("mood_psychiatric",), "unknown"),
    "other_symptoms": ((), ("fatigue",), ("chest_pain",), "unknown"),
    "gi_history": ((), (), (), ("coeliac",), "unknown"),
    "intrinsic_factor_antibody": ("negative", "negative", "unknown"),
    "medicines": ((), ("metformin",), ("ppi",), ("oral_contraceptive",), "unknown"),
    "nitrous_oxide": ("none", "none", "none", "recreational", "unknown"),
    "diet": ("mixed", "vegan", "unknown"),
}


def healthy_patient(rng):
    """Nearly healthy, or uncertain: levels between the cut-offs, medicines, much not known. Few others are so."""
    drawn = {fact: rng.choice(answers) for fact, answers in OF_THE_HEALTHY.items()}
    return random_patient(rng, **{fact: list(a) if isinstance(a, tuple) else a for fact, a in drawn.items()})


def patients(amount, chunk, name=GENERAL, **fixed):
    for seed in range(amount // CHUNKS):
        yield random_patient(random.Random(f"{name} {chunk} {seed}"), name, **fixed)


class Told:
    """A patient with what the real engine concludes: `told.urgency` is a conclusion, `told["sex"]` an answer."""

    def __init__(self, answers, name=GENERAL):
        self.answers = answers
        self.consultation = engine.consult(loaded(name), answers)
        self.run = self.consultation.run

    def __getitem__(self, fact):
        return self.answers[fact]

    def __getattr__(self, fact):
        if fact in self.run.options:
            return {option for option, sign in self.run.options[fact].items() if sign & TRUE}
        held = self.run.held[fact]
        assert len(held) <= 1, (fact, held, self.answers)
        return held[0] if held else None

    def has(self, fact, *options):
        """Whether an answer to a question with several options includes one of these."""
        return self.answers[fact] != "unknown" and bool(set(self.answers[fact]) & set(options))

    @property
    def malabsorption(self):
        return self.has("gi_history", *WITHOUT_ABSORPTION) or self["intrinsic_factor_antibody"] == "positive"

    @property
    def planned(self):
        return self["plan_status"] in ("planned", "on_treatment", "stopped")

    @property
    def phases(self):
        return loaded(GENERAL).regimens[self.regimen].phases


# Promises, each with whom it is about


def everybody_is_told_what_comes_next(told):
    assert told.disposition
    assert told.urgency
    assert told.route
    assert (told.regimen is not None) == (told.disposition == "continue")


def nothing_is_in_conflict_or_left_open(told):
    ruleset = told.run.ruleset
    assert told.consultation.evaluation.conflicts() == {}
    assert told.consultation.undetermined == (), (told.consultation.undetermined, told.answers)
    for fact in ruleset.facts.values():
        concluded = ruleset.concluders.get(fact.id) and not fact.is_set
        if concluded and fact.id not in ("regimen", "safety_checked"):  # these two wait for a treatment
            assert told.run.held[fact.id], fact.id
    for goal in ruleset.goals:
        if not told.run.goal_whens[goal.fact] & FALSE and goal.fact in told.run.options:
            assert all(told.run.options[goal.fact].values()), (goal.fact, told.run.options[goal.fact])


def what_cannot_be_decided_says_what_is_missing(told):
    if told.disposition == "more_information":
        assert told.next_tests & {"serum_b12", "mma"} or "unsettled_results" in told.discuss


def nerves_never_end_in_tablets(told):
    if told.neuro_involvement in ("yes", "unclear"):
        assert told.route != "oral"
    if told.has("neuro_symptoms", *CORD_OR_EYE, "balance_gait", "numbness_tingling", "memory_cognition"):
        assert told.neuro_involvement == "yes"


def a_child_gets_no_regimen(told):
    if Decimal(told["age"]) < 18:
        assert (told.disposition, told.regimen, told.route) == ("refer", None, "none")
        assert not told.mistakes


def an_allergy_gets_no_regimen(told):
    if told["cobalamin_allergy"] == "yes":
        assert (told.disposition, told.regimen) == ("refer", None)


def no_cyanocobalamin_with_leber(told):
    if told["leber_optic_neuropathy"] in ("yes", "unknown") and told.regimen:
        assert "no_cyanocobalamin" in told.cautions
        assert "cyanocobalamin" not in (loaded(GENERAL).regimens[told.regimen].product or "")
    if told["leber_optic_neuropathy"] == "yes" and told.scope == "adult" and told.planned:
        assert ("wrong_drug_in_leber" in told.mistakes) == (told["plan_drug"] == "cyanocobalamin")


def a_cause_for_life_has_maintenance(told):
    for_life = told.has("gi_history", *FOR_LIFE) or told["intrinsic_factor_antibody"] == "positive"
    assert (told.reversibility == "irreversible") == for_life
    if told.regimen and for_life:
        assert any(phase.name == "Maintenance" and phase.every for phase in told.phases)
        assert "until" not in " ".join(str(phase.until or "") for phase in told.phases if phase.name == "Maintenance")


def a_regimen_is_monitored(told):
    if told.regimen:
        assert {"blood_count", "symptoms"} <= told.monitoring
        assert told.monitoring & {"review_1_month", "review_3_months"}


def cord_and_eye_are_never_routine(told):
    if told.has("neuro_symptoms", *CORD_OR_EYE):
        assert told.urgency == "emergency"
    if told.has("neuro_symptoms", "balance_gait"):
        assert told.urgency == "emergency" or told["neuro_course"] != "worsening"
        assert told.urgency != "routine"


def one_injection_without_maintenance_is_flagged(told):
    lasting = told.reversibility == "irreversible" or told["cause_addressed"] != "yes"
    flagged = told.planned and told.malabsorption and lasting and told.disposition != "refer"
    if flagged and told["maintenance_planned"] == "no":
        assert "one_and_done" in told.mistakes


def wide_spacing_is_only_for_the_mild(told):
    if told.regimen in ("im_standard_ongoing", "im_standard_until_corrected"):
        assert (told.neuro_involvement, told.severity) == ("no", "not_severe")


def mistakes_are_found_in_plans_and_avoided_without(told):
    assert not (told.mistakes and told.avoid)
    assert not told.mistakes or told.planned
    assert not told.avoid or not told.planned


def a_level_on_treatment_never_rules_deficiency_out(told):
    if told["sample_timing"] != "before_treatment":
        assert told.deficiency != "unlikely"
    if told["nitrous_oxide"] not in ("none", "unknown") and told.has("neuro_symptoms", *told["neuro_symptoms"]):
        assert told.deficiency != "unlikely"


def danger_or_doubt_is_never_sent_away(told):
    severe = told["haemoglobin"] == "unknown" or told.severity == "severe"
    nerves = told["neuro_symptoms"] == "unknown" or told["neuro_symptoms"]
    unabsorbed = told["gi_history"] == "unknown" or told.malabsorption
    if severe or nerves or unabsorbed or told.urgency == "emergency":
        assert told.deficiency != "unlikely"
        assert told.disposition != "not_indicated"


def cautions_are_told_to_everybody(told):
    assert ("no_cyanocobalamin" in told.cautions) == (told["leber_optic_neuropathy"] in ("yes", "unknown"))
    assert ("allergy" in told.cautions) == (told["cobalamin_allergy"] in ("yes", "unknown"))
    folic_acid = told["medicines"] == "unknown" or told.has("medicines", "folic_acid")
    assert ("folate_order" in told.cautions) == (folic_acid or told["folate"] == "low")


def untried_tablets_are_for_diet_alone(told):
    if told.route == "oral" and told.oral_response != "worked":
        assert told["diet"] in ("vegetarian", "vegan", "poor")
        assert told["medicines"] != "unknown"
        assert not told.has("medicines", "metformin", "ppi", "h2_blocker", "colchicine", "anticonvulsant")
        assert told.maternity == "neither"


def the_properties_of_the_ruleset_hold(told):
    evaluation = told.consultation.evaluation
    for promise in told.run.ruleset.properties:
        if promise.whenever is None or evaluation.sign(promise.whenever) & TRUE:
            assert promise.always is None or evaluation.sign(promise.always) & TRUE, promise.id
            assert promise.never is None or not evaluation.sign(promise.never) & TRUE, promise.id


PROMISES = (
    the_properties_of_the_ruleset_hold,
    everybody_is_told_what_comes_next,
    nothing_is_in_conflict_or_left_open,
    what_cannot_be_decided_says_what_is_missing,
    nerves_never_end_in_tablets,
    a_child_gets_no_regimen,
    an_allergy_gets_no_regimen,
    no_cyanocobalamin_with_leber,
    a_cause_for_life_has_maintenance,
    a_regimen_is_monitored,
    cord_and_eye_are_never_routine,
    one_injection_without_maintenance_is_flagged,
    wide_spacing_is_only_for_the_mild,
    mistakes_are_found_in_plans_and_avoided_without,
    a_level_on_treatment_never_rules_deficiency_out,
    danger_or_doubt_is_never_sent_away,
    cautions_are_told_to_everybody,
    untried_tablets_are_for_diet_alone,
)


def hold_promises(patients_drawn):
    for answers in patients_drawn:
        told = Told(answers)
        for promise in PROMISES:
            promise(told)
        no_suggestion_is_a_mistake(told)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_promises_hold_for_random_patients(chunk):
    hold_promises(patients(USUAL, chunk))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_promises_hold_for_the_nearly_healthy_and_uncertain(chunk):
    hold_promises(healthy_patient(random.Random(f"healthy {chunk} {seed}")) for seed in range(USUAL // CHUNKS))


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_promises_hold_for_many_random_patients(chunk):
    hold_promises(patients(MANY, chunk + CHUNKS))
    hold_promises(healthy_patient(random.Random(f"healthy {chunk} many {seed}")) for seed in range(MANY // CHUNKS))


# A suggestion, entered as the plan


ABOUT_THE_REGIMEN = {
    "one_and_done", "early_spacing_too_wide", "not_monitored", "underloaded", "underloaded_neuro",
    "loading_stopped_early", "spaced_out_while_worsening", "maintenance_gap_too_long", "too_frequent",
    "oral_first_in_severe_neuro", "low_oral_dose_in_malabsorption", "oral_continued_though_failing",
    "intravenous_route", "dose_unit_slip", "continued_without_need", "never_reviewed",
    "serum_b12_rechecked_on_injections",
}  # fmt: skip
DAYS = {"days": 1, "weeks": 7, "months": 30.4375}
WEEKS_UNDER_WAY = 8


def bounds(every):
    """Each interval that `1 to 2 weeks` or `1 months` allows at its ends."""
    *numbers, unit = every.replace(" to ", " ").split()
    return [f"{number} {unit}" for number in numbers]


def days(interval):
    number, unit = interval.split()
    return float(number) * DAYS[unit]


def beginnings(told):
    """The first weeks as suggested: interval and doses in 14 days, at each end of what is left open."""
    first = told.phases[0]
    if first.name == "Maintenance":  # it says nothing of the first weeks
        return [("unknown", "unknown")]
    if first.every:
        return [(interval, str(ceil(14 / days(interval)))) for interval in bounds(first.every)]
    if told.route == "oral":
        return [("1 days", "14")]
    return [("6 days", "unknown"), ("2 days", "7")]  # closer than weekly, and what protocols make of it


def as_plan(told, interval, doses):
    """The answers of the same patient with the suggestion for a plan: route, dose, schedule and follow-up."""
    maintenance = next((phase for phase in told.phases if phase.name == "Maintenance"), None)
    return {
        **told.answers,
        "plan_status": "planned",
        "plan_route": told.phases[0].route.lower(),
        "plan_drug": "hydroxocobalamin",
        "plan_dose": told.phases[0].dose or "1000 mcg",
        "product_strength": "1 mg/mL",
        "early_interval": interval,
        "early_doses_14_days": doses,
        "maintenance_planned": "yes",
        "maintenance_interval": maintenance.every if maintenance else "1 days",
        "baseline_tests": ["b12", "blood_count", "folate", "mma_homocysteine", "potassium"],
        "follow_up_planned": "yes",
        "follow_up_tests": [
            test for test in ("blood_count", "symptoms", "mma_homocysteine") if test in told.monitoring
        ],
        "folate_timing": "with_or_after_b12",
        "cause_workup": ["diet_history", "gi_history", "medication_review", "antibodies", "coeliac_screen"],
        "pernicious_anaemia_ruled_out": "no",
    }


def under_way(plan):
    """The plan, followed for some weeks with success. Nerves that improve keep their close doses."""
    interval = plan["maintenance_interval"] if plan["early_interval"] == "unknown" else plan["early_interval"]
    return plan | {
        "plan_status": "on_treatment",
        "cause_addressed": "yes",
        "doses_given": str(int(WEEKS_UNDER_WAY * 7 / days(interval)) + 1),
        "days_since_last_dose": "2 days",
        "weeks_on_treatment": str(WEEKS_UNDER_WAY),
        "last_review": "4 weeks",
        "response_blood_count": "improved",
        "response_symptoms": "improved",
        "response_neuro": "plateau" if plan["early_interval"] == "unknown" else "improving",
        "response_markers": "normal",
        "symptoms_return_early": "no",
        "oral_trial": "responded" if plan["plan_route"] == "oral" else plan["oral_trial"],
    }


def no_suggestion_is_a_mistake(told):
    if not told.regimen:
        return
    for interval, doses in beginnings(told):
        plan = as_plan(told, interval, doses)
        assert_no_mistake(plan)
        if told["plan_status"] == "on_treatment":
            assert_no_mistake(under_way(plan))
        if told["plan_status"] == "on_treatment" and told.phases[0].name == "Maintenance":  # it goes on as it is
            on_time = {"plan_status": "on_treatment", "days_since_last_dose": "30 days", "last_review": "4 weeks"}
            going_on = Told(plan | on_time)
            assert not going_on.mistakes & ABOUT_THE_REGIMEN, (going_on.mistakes, going_on.answers)


def assert_no_mistake(plan):
    followed = Told(plan)
    assert followed.mistakes == set(), (followed.mistakes, followed.answers)


ON_INJECTIONS_THAT_WORK = {
    "age": "54",
    "cobalamin_allergy": "no",
    "plan_status": "on_treatment",
    "plan_route": "im",
    "doses_given": "10",
    "days_since_last_dose": "20 days",
    "weeks_on_treatment": "30",
    "response_blood_count": "improved",
    "response_symptoms": "improved",
    "symptoms_return_early": "no",
}


def test_every_regimen_is_suggested_and_none_is_a_mistake():
    """Random patients seldom stay on injections that work, so some are made to."""
    suggested = set()
    for answers in [*patients(USUAL, "plans"), *patients(USUAL, "plans", **ON_INJECTIONS_THAT_WORK)]:
        told = Told(answers)
        suggested.add(told.regimen)
        no_suggestion_is_a_mistake(told)

    assert suggested == {None, *loaded(GENERAL).regimens}


def test_an_interval_is_read_with_both_its_ends():
    assert bounds("1 to 2 weeks") == ["1 weeks", "2 weeks"]
    assert bounds("1 months") == ["1 months"]


# Both engines, growth, order, faithfulness


def sample(chunk, amount=12):
    """Random patients, read: complete ones, whether or not each question would be asked."""
    for number in range(amount):
        rng = random.Random(f"engines {chunk} {number}")
        yield rng, Told(random_patient(rng)).consultation.answers


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_both_engines_agree_whatever_the_order(chunk):
    programs = programs_of(loaded(GENERAL))
    for rng, answers in sample(chunk):
        first, *later = in_pieces(rng, answers)
        assert_agree(loaded(GENERAL), programs, answers, None)
        assert_agree(loaded(GENERAL), programs, first, None, later)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_what_holds_stands_when_more_is_answered(chunk):
    for rng, answers in sample(chunk, 6):
        stages = [Evaluation(loaded(GENERAL), part) for part in growing(rng, answers)]
        for less, more in pairwise(stages):
            assert_stands(less, more)


def test_what_holds_in_a_run_stands_when_more_is_answered():
    program = compile_ruleset(loaded(GENERAL), every_sign=True)
    for rng, answers in sample("runs", 4):
        stages = [Run(program, part) for part in list(growing(rng, answers))[::4]]
        for less, more in pairwise(stages):
            assert_stands(less, more)
    program.matcher.close()


def test_the_order_of_answers_changes_nothing():
    for rng, answers in sample("order", 30):
        shuffled = dict(rng.sample(list(answers.items()), len(answers)))
        ruleset = loaded(GENERAL)
        assert explain(Evaluation(ruleset, answers)) == explain(Evaluation(ruleset, shuffled))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_cited_answers_alone_give_the_same_conclusion(chunk):
    for _, answers in sample(chunk, 6):
        evaluation = Evaluation(loaded(GENERAL), answers)
        trail = explain(evaluation)[0]
        for step in trail:
            assert gives(given_only(evaluation, cited(trail, step)), step), step


# The base


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_base_decides_every_patient_too(chunk):
    for answers in patients(400, chunk, CORE):
        told = Told(answers, CORE)
        assert told.disposition
        assert told.urgency
        nothing_is_in_conflict_or_left_open(told)
        the_properties_of_the_ruleset_hold(told)


def test_the_gates_are_those_of_the_vocabulary():
    gated = {fact.id: {test.fact for test in model.tests_in(fact.gate)} for fact in loaded(CORE).inputs if fact.gate}

    plan = {"plan_status"}
    assert gated == {
        "pregnancy": {"sex", "age"},  # nobody from 60 on is asked
        "neuro_course": {"neuro_symptoms"},
        "neuro_duration": {"neuro_symptoms"},
        "pernicious_anaemia_ruled_out": {"intrinsic_factor_antibody"},
        "maintenance_interval": {"maintenance_planned"},
        "folate_timing": {"medicines", "folate"},
        "response_neuro": {"plan_status", "neuro_symptoms"},
        **dict.fromkeys(
            ("plan_route", "plan_drug", "plan_dose", "product_strength", "early_doses_14_days", "early_interval",
             "maintenance_planned", "baseline_tests", "follow_up_planned", "follow_up_tests", "doses_given",
             "days_since_last_dose", "weeks_on_treatment", "last_review", "response_blood_count", "response_symptoms",
             "response_markers", "symptoms_return_early"), plan),
    }  # fmt: skip


# What is written


def test_every_section_of_the_article_is_mapped_to_rules_that_exist_and_cite_it():
    text = (SHIPPED / GENERAL / "ruleset.yaml").read_text(encoding="utf-8")
    lines = re.findall(r"^# article: (.+) -> (.+)$", text, re.MULTILINE)
    mapped = {heading: [rule.strip() for rule in rules.split(",")] for heading, rules in lines}

    assert set(mapped) == set(ARTICLE)
    assert {rule for rules in mapped.values() for rule in rules} <= set(loaded(GENERAL).rules)


def test_every_rule_cites_its_source_with_strength():
    rules = loaded(GENERAL).rules.values()

    assert len(rules) >= 90
    assert [rule.id for rule in rules if not rule.cites or not rule.strength] == []


def test_sections_cited_of_the_article_exist():
    cited_sections = {
        cite.section for rule in loaded(GENERAL).rules.values() for cite in rule.cites if cite.source == "article"
    }

    assert cited_sections <= set(ARTICLE)


def test_every_mistake_tells_harm_and_remedy():
    rules = loaded(GENERAL).rules.values()
    of_mistakes = [rule for rule in rules if {fact for fact, _ in rule.then} & {"mistakes", "avoid"}]

    assert [rule.id for rule in of_mistakes if not rule.harm or not rule.remedy] == []


def test_every_mistake_of_the_vocabulary_can_be_found():
    facts = loaded(GENERAL).facts
    found = {v for rule in loaded(GENERAL).rules.values() for v in rule.concludes("mistakes")}

    assert found == set(facts["mistakes"].option_ids) == set(facts["avoid"].option_ids)


def test_what_the_authors_chose_themselves_is_to_be_checked_where_it_is_a_figure():
    for rule in loaded(GENERAL).rules.values():
        own = {cite.source for cite in rule.cites} == {"authors"}
        checks = [c for test in model.tests_in(rule.when) if isinstance(test, ValueTest) for c in test.checks]
        figures = any(isinstance(check, Bound) for check in checks)
        assert rule.needs_check or not (own and figures), rule.id


# A plan of which little is known


@pytest.mark.parametrize("route", ["oral", "im", "unknown"])
@pytest.mark.parametrize("number", range(4))
def test_not_knowing_the_plan_leaves_nothing_open(number, route):
    rng = random.Random(f"plan {number} {route}")
    answers = random_patient(rng, plan_status=rng.choice(["planned", "on_treatment", "stopped"]), plan_route=route)
    for fact in loaded(GENERAL).inputs:
        if fact.section in ("plan", "response") and fact.id not in ("plan_status", "plan_route"):
            answers[fact.id] = "unknown"
    consultation = engine.consult(loaded(GENERAL), {})
    questions = set()
    while question := consultation.question:
        questions.add(question.fact)
        consultation = consultation.answering(**{question.fact: answers[question.fact]})
    assert not consultation.undetermined
    assert not consultation.conflicts
    assert route != "oral" or not questions & {"early_interval", "maintenance_interval"}


# How many questions


def asked(answers, **told):
    """The questions asked of a patient, one at a time."""
    consultation = engine.consult(loaded(GENERAL), told)
    questions = []
    while question := consultation.question:
        questions.append(question.fact)
        consultation = consultation.answering(**{question.fact: answers[question.fact]})
    return questions


SITUATIONS = {
    "newly diagnosed": {"plan_status": "none", "sample_timing": "before_treatment"},
    "plan to check": {"plan_status": "planned"},
    "on treatment": {"plan_status": "on_treatment"},
}


def asked_of(who, number):
    return asked(random_patient(random.Random(f"questions {number}"), **SITUATIONS[who]), **SITUATIONS[who])


@pytest.mark.slow
@pytest.mark.parametrize("who", SITUATIONS)
def test_how_many_questions_are_asked(who):
    """Printed, not judged. Random patients are odd: half of what is asked hangs on answers that are rare in life."""
    with ProcessPoolExecutor() as pool:
        lists = list(pool.map(partial(asked_of, who), range(USUAL), chunksize=20))
    often = Counter(fact for questions in lists for fact in questions)
    counts = [len(questions) for questions in lists]

    print(f"\n{who}: mean {mean(counts):.1f}, worst {max(counts)} questions of {len(loaded(GENERAL).inputs)}")
    print(", ".join(f"{fact} {count / USUAL:.0%}" for fact, count in often.most_common()))


# What a person reads


@pytest.mark.parametrize("number", range(20))
def test_a_man_reads_nothing_about_a_question_on_pregnancy(number):
    told = Told(random_patient(random.Random(f"man {number}"), sex="male"))

    assert [step.rule for step in told.consultation.trail if "Pregnancy: not asked" in step.because] == []


@pytest.mark.parametrize("start", SITUATIONS)
def test_the_course_of_nerve_symptoms_is_asked_of_whoever_may_be_treated(start):
    answers = random_patient(
        random.Random("numb"), age="50", sex="male", neuro_symptoms=["numbness_tingling"], neuro_course="worsening",
        serum_b12="140 ng/L", cobalamin_allergy="no", **SITUATIONS[start],
    )  # fmt: skip

    assert "neuro_course" in asked(answers, **SITUATIONS[start])


def test_nobody_from_60_on_is_asked_about_pregnancy():
    women = (random_patient(random.Random(f"woman {n}"), age="60", sex="female") for n in range(4))

    assert [each for each in map(asked, women) if "pregnancy" in each] == []
