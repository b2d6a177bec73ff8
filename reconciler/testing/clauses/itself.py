"""What a driver says of itself."""

import re
import sys
from types import ModuleType
from typing import Final, get_args
from urllib.parse import urlsplit

from reconciler.driver import Settings
from reconciler.errors import InputError
from reconciler.model import Limits
from reconciler.testing.common import SENDS
from reconciler.testing.example import Example, settings

_SECRET: Final = re.compile(r"(^|_)(secret|password|passwd|token|key)$")


def it_describes_itself(example: Example) -> None:
    """It has a name, a title, the call it makes and the vendor's page, and limits that can be."""
    driver = example.driver
    assert re.fullmatch(r"[a-z0-9-]{1,63}", driver.name), "a name is lower case, digits, dashes"
    assert driver.title, "the driver has no title"
    assert driver.call, "the driver does not say which call it makes"
    assert driver.docs.startswith("https://"), "docs is the vendor's page"
    limits = driver.limits(example.checked)
    assert isinstance(limits, Limits), "limits is a Limits"
    assert limits.requests >= 1, "at least one request"
    assert limits.per > 0, "a positive time"
    assert limits.concurrency >= 1, "at least one at a time"
    assert driver.quiet >= 0, "the quiet period is not negative"
    assert driver.again >= 0, "the time between two looks is not negative"
    assert driver.page >= 1, "a page brings at least one campaign"


def its_settings_are_strict(example: Example) -> None:
    """Its settings refuse a key that nobody knows, and none asks for a secret in plain text."""
    model = example.driver.settings
    assert issubclass(model, Settings), "settings is a subclass of reconciler's Settings"
    for name, field in model.model_fields.items():
        plain = str in (field.annotation, *get_args(field.annotation))
        assert not (plain and _SECRET.search(name)), f"{name} is plain text, and no Credential"
    try:
        settings(example.driver, {**example.settings, "noSuchSetting": "x"})
    except InputError:
        return
    raise AssertionError("an unknown setting was accepted")


def its_base_url_has_no_path_and_is_https(example: Example) -> None:
    """Where the vendor lives is an https address without a path, a query or a fragment."""
    if example.driver.anywhere:
        assert example.base, "this driver lives wherever the account's baseUrl says"
        return
    base = urlsplit(example.driver.base_url(example.checked))
    assert base.scheme == "https", base.geturl()
    assert base.hostname, base.geturl()
    assert (base.path, base.query, base.fragment) == ("", "", ""), base.geturl()


def it_imports_nothing_that_sends_or_tells_the_time(example: Example) -> None:
    """Its module has no HTTP client, no socket, no clock, no environment and no dice."""
    module = sys.modules[example.driver.delete.__module__]
    found = sorted(name for name in SENDS if _is_foreign(module, name))
    assert not found, f"{module.__name__} imports {', '.join(found)}"


def _is_foreign(module: ModuleType, name: str) -> bool:
    """Whether *module* has *name*, and not as a function or class of its own."""
    there = vars(module).get(name)
    return there is not None and getattr(there, "__module__", None) != module.__name__
