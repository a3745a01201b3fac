"""What is logged is enough to find a fault, and not enough to find a person, an answer or a session."""

from __future__ import annotations

import http.client
import io
import json
import logging
import re
import threading
from contextlib import contextmanager

import pytest
from waitress import create_server
from waitress.wasyncore import close_all
from werkzeug.serving import make_server

from engine import RegimenError
from engine.ledger import DatabaseError, Ledger
from tests.webui.conftest import Evaluate, made
from tests.webui.guided import Guided
from webui.consult_visit import Visit

SECRET = "xyzzy-secret"


@pytest.fixture
def lines(capsys):
    """What was written on stderr since it was last read, each line read as JSON."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@contextmanager
def faulty(app, monkeypatch, error=None):
    """The list of rulesets fails, with a message that quotes an answer."""
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail():
        answer = SECRET
        try:
            return {}[answer]
        except KeyError as cause:
            raise error or ValueError(f"{answer} is no number") from cause

    monkeypatch.setattr(app.extensions["shelf"], "entries", fail)
    yield


def test_a_request_is_a_line_of_json(client, lines):
    response = client.get("/rulesets/injections")
    (line,) = lines()

    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ", line.pop("time"))
    assert line.pop("ms") > 0
    assert line == {
        "level": "info",
        "logger": "webui.logs",
        "event": "request",
        "request": response.headers["X-Request-ID"],
        "method": "GET",
        "endpoint": "/rulesets/<name>",
        "status": 200,
    }


@pytest.mark.parametrize(
    ("method", "address", "endpoint", "status"),
    [
        ("GET",      f"/sessions/{SECRET}",                       "/sessions/<key>",          404),
        ("GET",      f"/sessions/{SECRET}/check",                 "/sessions/<key>/check",    404),
        ("POST",     f"/sessions/{SECRET}/questions/{SECRET}",    "/sessions/<key>/questions/<name>", 404),
        ("GET",      f"/{SECRET}",                                None,                       404),
        ("GET",      f"/rulesets/{SECRET}",                       "/rulesets/<name>",         404),
        ("GET",      f"/rulesets/injections/graph?to={SECRET}",   "/rulesets/<name>/graph",   404),
        ("GET",      f"/?{SECRET}",                               "/",                        200),
        ("POST",     f"/rulesets/injections/evaluate?{SECRET}",   "/rulesets/<name>/evaluate", 400),
        ("DELETE",   f"/sessions/{SECRET}",                       None,                       405),
        ("XYZZY-SECRET", "/",                                     None,                       405),
    ],
)  # fmt: skip
def test_a_line_never_holds_an_address_a_query_or_what_was_sent(client, capsys, method, address, endpoint, status):
    headers = {"Referer": SECRET, "User-Agent": SECRET, "X-Request-ID": SECRET, "Cookie": SECRET}
    client.open(address, method=method, headers=headers, data={"answers": SECRET})
    written = capsys.readouterr().err
    line = json.loads(written)

    assert SECRET not in written.lower()
    assert (line["endpoint"], line["status"]) == (endpoint, status)


def test_answers_that_cannot_be_used_are_not_logged(client, capsys):
    evaluate = Evaluate(client)
    assert evaluate(f"age: {SECRET}\n{SECRET}: 5").status_code == 422

    assert SECRET not in capsys.readouterr().err


def test_a_fault_is_logged_with_its_places_and_without_its_message(app, client, monkeypatch, lines):
    """A message may quote an answer, the chain of causes too, and values at hand are never written."""
    with faulty(app, monkeypatch):
        response = client.get("/")
    fault, request = lines()

    assert response.status_code == 500
    assert SECRET not in json.dumps(fault)
    assert [each["kind"] for each in fault["faults"]] == ["builtins.ValueError", "builtins.KeyError"]
    assert re.search(r"home\.py:\d+ start$", fault["faults"][0]["at"][-2])
    assert re.search(r"test_site_logs\.py:\d+ fail$", fault["faults"][1]["at"][-1])
    assert fault["request"] == request["request"] == response.headers["X-Request-ID"]
    assert (fault["level"], request["status"]) == ("error", 500)


def test_no_page_of_a_session_logs_its_key_or_an_answer(client, capsys):
    guided = Guided(client)
    guided.answers(age="103", sex="female")
    for path in ("", "questions/serum", "sections/labs", "all", "check", "result", "sheet.pdf", "save", "forget"):
        assert guided.see(path).status_code == 200
    guided.send(to="forget")
    assert guided.see("check").status_code == 404
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    assert len(lines) > 12
    for line in lines:
        assert guided.key not in json.dumps(line)
        assert set(line) == {"time", "level", "logger", "event", "request", "method", "endpoint", "status", "ms"}


@pytest.mark.parametrize("path", ["", "check", "result", "questions/sex", "all"])
def test_a_fault_of_a_session_is_logged_without_its_key(app, client, monkeypatch, capsys, path):
    """The key and the answers stand in the message and among the values at hand; Flask itself writes the address."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    guided = Guided(client)
    guided.answers(age="103")
    capsys.readouterr()

    def fail(visit):
        raise ValueError(f"{visit.key} {visit.kept.answers}")

    monkeypatch.setattr(Visit, "session", property(fail))
    for response in (guided.see(path), guided.send(to=path or "questions/sex", asked="sex", answer="female")):
        assert response.status_code in {500, 405}  # a result takes no form
        assert guided.key not in response.text
    written = capsys.readouterr().err

    assert '"kind": "builtins.ValueError"' in written
    assert guided.key not in written
    assert "103" not in "".join(re.findall(r'"(?:event|kind)": "[^"]*"', written))


def test_a_database_that_fails_a_session_is_logged_without_its_key(client, monkeypatch, capsys):
    guided = Guided(client)

    def fail(_, key, *__):
        raise DatabaseError(f"Busy with {key}.", place=key)

    monkeypatch.setattr(Ledger, "find", fail)
    assert guided.see("check").status_code == 503
    written = capsys.readouterr().err

    assert '"kind": "engine.ledger.errors.DatabaseError"' in written
    assert guided.key not in written


def test_a_fault_shows_its_number_and_never_a_traceback(app, client, monkeypatch):
    with faulty(app, monkeypatch):
        response = client.get("/")

    assert f"Number of this request: <code>{response.headers['X-Request-ID']}</code>" in response.text
    assert "ValueError" not in response.text
    assert SECRET not in response.text


def test_errors_that_belong_together_are_all_told(app, client, monkeypatch, lines):
    with faulty(app, monkeypatch, ExceptionGroup(SECRET, [TypeError(SECRET), OSError(SECRET)])):
        client.get("/")
    fault = lines()[0]

    kinds = {"builtins.ExceptionGroup", "builtins.KeyError", "builtins.TypeError", "builtins.OSError"}
    assert {each["kind"] for each in fault["faults"]} == kinds
    assert SECRET not in json.dumps(fault)


def test_a_fault_that_another_module_logs_is_told_the_same_way(lines):
    made()
    error = RegimenError(SECRET)
    logging.getLogger("webui.shelf").error("Loading %s failed", "b12-general", exc_info=error)
    (line,) = lines()

    assert line["event"] == "Loading b12-general failed"
    assert line["faults"][0]["kind"] == "engine.language.errors.RegimenError"
    assert SECRET not in json.dumps(line)


def test_numbers_of_requests_do_not_repeat(client):
    assert len({client.get("/help").headers["X-Request-ID"] for _ in range(50)}) == 50


def test_waitress_writes_no_address(capsys):
    """It names the address of a request that it could not serve."""

    def broken(environ, _):
        raise ValueError(environ["PATH_INFO"])

    made()
    server = create_server(broken, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    status = ask(server.effective_port, f"/sessions/{SECRET}")
    server.trigger.pull_trigger(lambda: close_all(server._map, ignore_all=True))
    thread.join()
    server.task_dispatcher.shutdown()
    written = capsys.readouterr().err

    assert status == 500
    assert SECRET not in written
    assert json.loads(written)["faults"][0]["kind"] == "builtins.ValueError"


def test_werkzeug_writes_no_address(capsys):
    """The server of `flask run` names the address of each request."""
    server = make_server("127.0.0.1", 0, made())
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    status = ask(server.server_port, f"/sessions/{SECRET}")
    thread.join()
    server.server_close()
    written = capsys.readouterr().err

    assert status == 404
    assert SECRET not in written
    assert {json.loads(line)["logger"] for line in written.splitlines()} == {"webui.logs", "werkzeug"}


def test_nothing_of_other_packages_reaches_the_handlers_of_the_root_logger(monkeypatch):
    """Whoever runs the site may log everything: who asked too often, and the address of what failed, stay out of it."""
    written = io.StringIO()
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [logging.StreamHandler(written)])  # caplog would listen to every logger
    monkeypatch.setattr(logging.getLogger("flask-limiter"), "level", logging.INFO)
    client = made(RATELIMIT_ENABLED=True, LIMIT_ANSWER="1 per hour").test_client()
    assert [client.post(f"/sessions/{SECRET}/forget").status_code for _ in range(2)] == [400, 429]
    for name in ("waitress", "werkzeug"):
        logging.getLogger(name).error("Exception while serving /sessions/%s", SECRET)

    assert written.getvalue() == "request\nrequest\n"


def test_two_applications_write_each_line_once(lines):
    made()
    made().test_client().get("/help")

    assert len(lines()) == 1


def ask(port, address):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", address)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status
