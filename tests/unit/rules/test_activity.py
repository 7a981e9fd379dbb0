"""Which requests show that somebody is there."""

import re

import pytest

from jupyter_server_proxy.rules.activity import counts_as_activity

POLLS = (re.compile(r"/events/"), re.compile(r"/user/\w+/rstudio/ping$"))


@pytest.mark.parametrize(
    ("path", "counts"),
    [("/events/get", False), ("/my/events/get", True), ("/ping", False), ("/ping/x", True)],
)
def test_patterns_match_the_start_of_the_path_or_of_the_full_path(path, counts):
    assert counts_as_activity(path, "/user/ann/rstudio" + path, POLLS) is counts


def test_without_patterns_everything_counts():
    assert counts_as_activity("/", "/name/", ())
