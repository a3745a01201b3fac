"""How quick the site is from outside, on b12-general: printed, not judged.

Answer-to-next-question is the form posted and the page that it leads to. Four random patients are played at a time:
first each takes a fifth of a second to answer, as nobody does; then none at all, so that the server is never idle and
every request waits for three others.

    PATIENTS=20 python -m pytest -m benchmark -s -n 0 tests/benchmarks/test_site_speed.py
"""

from __future__ import annotations

import gzip
import os
import random
import re
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import partial
from html import unescape
from http.client import HTTPConnection
from statistics import median, quantiles
from urllib.parse import urlencode, urljoin

import pytest

from tests.benchmarks.served import HERE, served
from tests.rulesets.test_b12 import GENERAL, loaded, random_answer
from tests.webui.guided import Controls, read_token
from tests.webui.test_site_assets import assets

pytestmark = pytest.mark.benchmark

PATIENTS = int(os.environ.get("PATIENTS", "5"))  # that each client plays, one after the other
SECONDS = float(os.environ.get("SECONDS", "3"))  # that requests are counted for
CLIENTS = 4
TARGET_MS, TARGET_RATIO, LARGEST = 50, 0.3, 100_000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def sqlite(tmp_path):
    return f"sqlite:///{tmp_path / 'regimen.db'}"


class Browser:
    """One connection that is kept open, and the cookie; `text` is the page that it shows."""

    def __init__(self, port):
        self.connection = HTTPConnection(HERE, port)
        self.headers = {}
        self.address = self.text = ""
        self.size = 0

    def close(self):
        self.connection.close()

    def get(self, address):
        self._ask("GET", address)
        self.address = address

    def post(self, address, form):
        """Send a form; gives where it leads to, or None where it has an answer itself."""
        return self._ask("POST", address, urlencode(form, doseq=True), FORM)

    def _ask(self, method, address, body=None, headers=None):
        self.connection.request(method, address, body, {**self.headers, **(headers or {})})
        response = self.connection.getresponse()
        sent = response.read()
        body = gzip.decompress(sent) if response.getheader("Content-Encoding") == "gzip" else sent
        self.size, self.text = len(sent), body.decode()
        assert response.status in {200, 303}, (response.status, address, self.text)
        if cookie := response.getheader("Set-Cookie"):
            self.headers |= {"Cookie": cookie.split(";")[0]}
        return response.getheader("Location")


def begin(browser, start=""):
    """Begin a session; the browser then shows its first page."""
    browser.get("/rulesets/b12-general")
    told = {"csrf_token": read_token(browser), "start": start}
    browser.get(browser.post("/rulesets/b12-general/sessions", told))


def patient(seed):
    """A random patient of whom most is known."""
    rng = random.Random(f"site {seed}")
    return {fact.id: random_answer(rng, GENERAL, fact, 0.05) for fact in loaded(GENERAL).inputs}


def form_of(browser, answers):
    """What the patient fills in on the page at hand."""
    asked = [value for name, value in Controls(browser).hidden if name == "asked"]
    form = {"csrf_token": read_token(browser), "confirmed": "1", "asked": asked}  # no slip is asked about
    if not asked:
        return form | {"answer": answers[re.search(r"/questions/(\w+)", browser.address)[1]] or "none"}
    return form | {f"{fact}-answer": answers[fact] or "none" for fact in asked}


def play(port, thinking, client):
    """Play sessions; gives (milliseconds of the post, of the page after it) for each answer, and of each result."""
    starts = ["", *(start.id for start in loaded(GENERAL).starts)]
    answered, results, pauses = [], [], random.Random(client)
    with closing(Browser(port)) as browser:
        for number in range(PATIENTS):
            answers = patient(f"{client} {number}")
            begin(browser, starts[number % len(starts)])
            while not browser.address.endswith("/check"):  # on the way an emergency is only read
                if button := re.search(r'<a class="button[^"]*" href="([^"]+)">Continue<', browser.text):
                    browser.get(unescape(button[1]))
                else:
                    form = form_of(browser, answers)
                    time.sleep(pauses.uniform(0, 2 * thinking))
                    answered.append(answer(browser, form))
            begun = time.perf_counter()
            browser.get(browser.address.removesuffix("check") + "result")
            results.append((time.perf_counter() - begun) * 1000)
    return answered, results


def answer(browser, form):
    """Send an answer and see the next page; gives the milliseconds of each."""
    begun = time.perf_counter()
    onward = browser.post(browser.address, form)
    between = time.perf_counter()
    assert onward, browser.text
    browser.get(onward)
    return (between - begun) * 1000, (time.perf_counter() - between) * 1000


def show(what, times, target=""):
    cuts = quantiles(times, n=100)
    print(f"  {what:<24} median {median(times):6.1f}   p95 {cuts[94]:6.1f}   p99 {cuts[98]:6.1f} ms   {target}")


@pytest.mark.parametrize("thinking", [0.2, 0.0])
@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres_url", marks=pytest.mark.xdist_group("postgres"))]
)
def test_from_an_answer_to_the_next_question(request, database, thinking):
    url = request.getfixturevalue(database)
    with served("site", url) as port, ProcessPoolExecutor(CLIENTS) as pool:
        begun = time.perf_counter()
        played = list(pool.map(partial(play, port, thinking), range(CLIENTS)))
        taken = time.perf_counter() - begun

    answered = [each for answers, _ in played for each in answers]
    pace = f"a mean of {thinking} s to answer" if thinking else "no time to answer"
    heading(f"{url.split(':')[0]}: {CLIENTS} sessions at a time, {pace}; {len(answered)} answers in {taken:.1f} s")
    show("answer to next question", list(map(sum, answered)), f"(target: p95 {TARGET_MS} ms)")
    show("the post", [post for post, _ in answered])
    show("the page after it", [page for _, page in answered])
    show("the result page", [each for _, results in played for each in results])


def test_question_pages_per_second_beside_a_bare_page(sqlite, tmp_path):
    with served("site", sqlite) as port, closing(Browser(port)) as browser:
        begin(browser)
        template = tmp_path / "bare.html"
        template.write_text(f"{{% raw %}}{browser.text}{{% endraw %}}")
        with served("bare", str(template)) as bare_port, ProcessPoolExecutor(CLIENTS) as pool:
            rounds = [
                (per_second(pool, port, browser.address, browser.headers), per_second(pool, bare_port, "/", {}))
                for _ in range(3)
            ]

    heading(f"the question page of {len(browser.text) / 1000:.1f} kB, and a bare one of the same size")
    for question, bare in rounds:
        ratio = f"ratio {question / bare:.2f} (target {TARGET_RATIO})"
        print(f"  {question:6.0f} and {bare:6.0f} requests per second: {ratio}")


def per_second(pool, port, address, headers):
    """How many requests are answered in a second, by as many clients as there are."""
    return sum(pool.map(count, *zip(*[(port, address, headers)] * CLIENTS, strict=True))) / SECONDS


def count(port, address, headers):
    number, latest = 0, time.perf_counter() + SECONDS
    with closing(Browser(port)) as browser:
        browser.headers = headers
        while time.perf_counter() < latest:
            browser.get(address)
            number += 1
    return number


def test_what_the_first_load_of_a_page_weighs(sqlite):
    with served("site", sqlite) as port, closing(Browser(port)) as browser:
        browser.headers = {"Accept-Encoding": "gzip"}
        weights = {each: weight(browser, each) for each in ("/", "/help", "/rulesets", "/rulesets/b12-general")}
        begin(browser)
        session, rest = re.fullmatch("(/sessions/[^/]+)(/.*)", browser.address).groups()
        for each in (rest, "/all", "/check", "/result", "/sheet"):
            weights[f"/sessions/…{each}"] = weight(browser, session + each)

    heading(f"first load, styles and pictures included (target: under {LARGEST / 1000:.0f} kB)")
    for address, size in sorted(weights.items(), key=lambda each: -each[1]):
        print(f"  {address:<40} {size / 1000:5.1f} kB")


def weight(browser, address):
    """Bytes of a page and of all that it refers to, as sent."""
    browser.get(address)
    size = browser.size
    for asset in set(assets(browser.text)):
        browser.get(urljoin(address, asset))
        size += browser.size
    browser.address = address
    return size


def heading(text):
    print(f"\n\n{text}; load average {os.getloadavg()[0]:.1f}")
