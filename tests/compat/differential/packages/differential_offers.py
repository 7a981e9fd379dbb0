"""What a package offers by entry points, in the forms that packages have."""

import os
import sys

NOT_CALLABLE = {"port": 1}


def plain():
    return {"port": int(os.environ["MAIN"])}


class Offers:
    @classmethod
    def classmethod(cls):
        return {"command": [], **plain(), "launcher_entry": {"title": cls.__name__}}


def with_icon():
    icon = os.path.join(os.path.dirname(os.environ["APP"]), "icon.svg")
    return {**plain(), "launcher_entry": {"title": "Icon", "icon_path": icon}}


def with_unknown_keys():
    return {**plain(), "path_info": "x", "launcher_entry": {"timeout": 5}}


def child():
    return {"command": [sys.executable, "-I", os.environ["APP"], "--port", "{port}"]}


def another_name():
    return {**plain(), "name": "offered-under-another-name"}


def unix_with_title():
    return {**plain(), "launcher_entry": {"title": "From the package"}}


def raises():
    raise RuntimeError("no program")


def returns_none():
    return None


def returns_list():
    return [plain()]


def wrong_value():
    return {"command": "one string"}
