"""Where people reach the site behind a proxy: the link to come back by, and a cookie for https alone."""

from __future__ import annotations

import re

import pytest

from tests.webui.conftest import MADE_UP, made
from tests.webui.guided import Clock, Guided
from tests.webui.page_text import said
from webui.security import PublicURLError


def site(folder, url):
    """A site that is asked over https, as by a proxy that hands the scheme on."""
    settings = {"RULESETS": (MADE_UP,), "NOW": Clock(), "DATABASE": f"sqlite:///{folder}/regimen.db"}
    return made(**settings, PUBLIC_URL=url, PREFERRED_URL_SCHEME="https")


@pytest.mark.parametrize(
    ("url", "begins"),
    [
        (None, "https://localhost"),
        ("https://b12.example.org", "https://b12.example.org"),
        ("https://b12.example.org/", "https://b12.example.org"),
        ("http://Clinic.local:8080", "http://clinic.local:8080"),
    ],
)
def test_the_link_to_come_back_by_begins_with_the_public_url(tmp_path, url, begins):
    guided = Guided(site(tmp_path, url).test_client())

    assert f"{begins}{guided.path()} " in said(guided.see("save"))


@pytest.mark.parametrize(
    ("url", "secure"), [(None, False), ("http://clinic.local", False), ("https://b12.example.org", True)]
)
def test_under_https_the_cookie_is_sent_over_nothing_else(tmp_path, url, secure):
    page = site(tmp_path, url).test_client().get("/")
    (cookie,) = page.headers.getlist("Set-Cookie")

    assert ("Secure" in re.split(r"; ?", cookie)) == secure


@pytest.mark.parametrize(
    "url", ["", "b12.example.org", "https://", "ftp://b12.example.org", "https://b12.example.org/b12", "https://a b"]
)
def test_what_is_no_public_url_is_refused_with_what_to_write(tmp_path, url):
    with pytest.raises(PublicURLError, match=r"Write one like https://b12\.example\.org"):
        site(tmp_path, url)
