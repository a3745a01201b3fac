"""Signing in and out. The cookie holds a random token, and the ledger who it stands for: a copy of it ends with it."""

from __future__ import annotations

import math

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from engine.ledger import ROLES, DatabaseError, LockedOut, User, UserError, WrongPassword
from webui.asking import wants_json
from webui.consult_visit import ledger, now
from webui.failures import refusal, try_later
from webui.security import no_store

blueprint = Blueprint("signin", __name__)
blueprint.after_request(no_store)

TOKEN = "sign_in"  # noqa: S105 (what the cookie calls it)


def init_app(app: Flask) -> None:
    """Tell templates whether somebody is signed in."""
    app.jinja_env.globals["somebody"] = lambda: account_name() is not None


def account_name() -> str | None:
    """The name of who is signed in; nobody's where the ledger cannot be asked: a header is no reason to fail."""
    try:
        user = signed_in()
    except DatabaseError:
        return None
    return user.name if user else None


def has_token() -> bool:
    """Whether the cookie says that somebody is signed in; whether that is so only the ledger knows."""
    return TOKEN in session


def signed_in() -> User | None:
    """Who is signed in; asked of the ledger once in a request.

    Raises:
        DatabaseError: the ledger cannot be asked.
    """
    if "user" not in g:
        g.user = None  # also for the page that tells why it cannot be told
        g.user = ledger().users.signed_in(str(session[TOKEN]), now()) if has_token() else None
    found: User | None = g.user
    return found


def refuse(user: User | None, role: str | None) -> ResponseReturnValue:
    """Lead somebody to the page to sign in, or say which role a page takes; what was sent stays to be copied."""
    if user is not None:
        who = f"You are signed in as {user.name} ({', '.join(each for each in ROLES if each in user.roles)})."
        needed = f"This page takes the role {role}. Whoever runs this site can give it to you." if role else ""
        return refusal(403, f"{needed} {who}".strip())
    if request.method not in {"GET", "HEAD"}:
        return refusal(401, "You are not signed in, or no longer: that ends after twelve hours without a page.")
    kinds = request.accept_mimetypes
    browser = kinds["text/html"] > kinds["application/json"]  # whoever follows a link to a file, say
    if wants_json() or (request.path.endswith(".json") and not browser):
        return refusal(401, "You are not signed in.")
    return no_store(make_response(redirect(url_for("signin.sign_in", next=request.full_path.rstrip("?")), 303)))


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Ask for name and password, and lead on to the page that was asked for."""
    onward = _onward(request.values.get("next", ""))
    if request.method == "GET":
        return redirect(request.script_root + onward, 303) if signed_in() else _page(onward)
    name, password = request.form.get("name", ""), request.form.get("password", "")
    if not (name.strip() and password):
        return _page(onward, name, "Name or password is missing. Fill in both."), 422
    try:
        token = ledger().users.sign_in(name, password, now())
    except WrongPassword as error:
        return _page(onward, name, str(error)), 403
    except LockedOut as error:
        return _later(_page(onward, name, _when(error)), error)
    except DatabaseError as error:
        return try_later(make_response(_page(onward, name, str(error)), 503), error)
    if has_token():
        ledger().users.sign_out(str(session[TOKEN]))
    _keep(token)
    return redirect(request.script_root + onward, 303)


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign out, here and for every copy of the cookie."""
    if has_token():
        ledger().users.sign_out(str(session[TOKEN]))
    session.clear()
    return redirect(url_for("home.start"), 303)


@blueprint.get("/account")
def account() -> ResponseReturnValue:
    """Say who is signed in, with which roles, and offer to sign out."""
    user = signed_in()
    if user is None:
        return redirect(url_for(".sign_in"), 303)
    roles = {each: said for each, said in ROLES.items() if each in user.roles}
    return render_template("signin/account.html", user=user, roles=roles, changed="changed" in request.args)


@blueprint.route("/account/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Have somebody choose another password, which ends every sign-in but this one."""
    user = signed_in()
    if user is None:
        return redirect(url_for(".sign_in", next=url_for(".account")), 303)
    if request.method == "GET":
        return _password_page(user)
    old, new, again = (request.form.get(each, "") for each in ("password", "new", "again"))
    if not old:
        return _password_page(user, "password", "Your present password is missing."), 422
    if new != again:
        return _password_page(user, "again", "The new password is not the same twice. Type it again."), 422
    try:
        token = ledger().users.change_password(user.name, old, new, now())
    except UserError as error:
        return _password_page(user, "new", str(error)), 422
    except WrongPassword:
        return _password_page(user, "password", "This is not your present password."), 403
    except LockedOut as error:
        return _later(_password_page(user, "password", _when(error)), error)
    _keep(token)
    return redirect(url_for(".account", changed=""), 303)


def _keep(token: str) -> None:
    """Let the cookie say who is signed in, and nothing of what somebody else may have put there before."""
    session.clear()
    session[TOKEN] = token


def _password_page(user: User, wrong: str = "", problem: str = "") -> str:
    return render_template("signin/password.html", user=user, wrong=wrong, problem=problem)


def _seconds(error: LockedOut) -> int:
    return max(1, math.ceil((error.until - now()).total_seconds()))


def _when(error: LockedOut) -> str:
    """How long a name is locked, and what to do about it."""
    minutes = -(-_seconds(error) // 60)
    wait = "a minute" if minutes == 1 else f"{minutes} minutes"
    return f"{error} Try again in {wait}, or ask whoever runs this site."


def _later(page: str, error: LockedOut) -> Response:
    response = make_response(page, 429)
    response.headers["Retry-After"] = str(_seconds(error))
    return response


def _page(onward: str, name: str = "", problem: str = "") -> str:
    return render_template("signin/sign_in.html", onward=onward, name=name, problem=problem)


def _onward(path: str) -> str:
    """A page of this site to go on to: what an address says is only believed where it is the path of one of our pages.

    It is without the path that the site stands under.
    """
    adapter = current_app.create_url_adapter(request)
    assert adapter is not None  # noqa: S101 (there is a request)
    plain = path.startswith("/") and not path.startswith("//") and path.isprintable() and "\\" not in path
    try:
        endpoint, _ = adapter.match(path.partition("?")[0], "GET") if plain else ("", {})
    except (NotFound, MethodNotAllowed, RequestRedirect):
        endpoint = ""
    return path if endpoint and not str(endpoint).startswith("signin.") else adapter.build("signin.account")
