"""Pytest plugin: a bucket that cannot be emptied after a test fails neither that test nor those after it.

The suite empties all buckets of its prefix before and after each test, and gives up at the first error. Locked objects
and features not served make that fail: it is told with the results, and the suite goes on. The prefix changes
with each test, so that what is left behind is out of the way of the next one's listing. One test asks for an account
without any bucket, on whatever server: it comes first.

Each result is appended to the file $CONFORMANCE_RESULTS: outcome, name and the error's first line, separated by tabs.
What a test left behind is told there as well, with "left" for an outcome.
"""
import os
import time

import pytest


NEEDS_EMPTY_ACCOUNT = "test_list_buckets_paginated"
_current = ""


def _tell(outcome, name, reason):
    line = reason.split("\n")[0].replace("\t", " ")[:200]
    with open(os.environ["CONFORMANCE_RESULTS"], "a", encoding="utf-8") as results:
        results.write("\t".join([outcome, name, line]) + "\n")


def _tolerant(original):
    def run(*args, **kwargs):
        try:
            return original(*args, **kwargs)
        except Exception as error:  # whatever it was, it is not the test's own result
            _tell("left", _current, type(error).__name__ + " " + str(error))

    return run


def _quick_nuke(functional):
    """Removes what can be removed at once: never waits for a retention period to end."""

    def bypass_of(client, bucket):
        # As on AWS, the header is refused where nothing can be locked.
        try:
            client.get_object_lock_configuration(Bucket=bucket)
            return {"BypassGovernanceRetention": True}
        except functional.ClientError:
            return {}

    def nuke_bucket(client, bucket):
        bypass = bypass_of(client, bucket)
        for objects in functional.list_versions(client, bucket, 1000):
            answer = client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}, **bypass)
            if answer.get("Errors"):
                break
        client.delete_bucket(Bucket=bucket)

    return nuke_bucket


def _leave_groups_first(nuke_user):
    """As on AWS, a user who is in a group cannot be deleted: the suite's clean-up would leave it behind."""

    def run(client, name):
        for group in client.list_groups_for_user(UserName=name)["Groups"]:
            client.remove_user_from_group(GroupName=group["GroupName"], UserName=name)
        return nuke_user(client, name)

    return run


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    import s3tests.functional as functional
    import s3tests.functional.iam as iam

    functional.nuke_bucket = _quick_nuke(functional)
    functional.nuke_prefixed_buckets = _tolerant(functional.nuke_prefixed_buckets)
    functional.teardown = _tolerant(functional.teardown)
    iam.nuke_user = _leave_groups_first(iam.nuke_user)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.name != NEEDS_EMPTY_ACCOUNT)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    global _current
    import s3tests.functional as functional

    _current = item.name
    if functional.prefix is not None:
        functional.prefix = "suite-%x-" % time.time_ns()


def pytest_runtest_logreport(report):
    is_result = report.when == "call" or (report.when == "setup" and report.outcome != "passed")
    if not is_result:
        return
    crash = getattr(report.longrepr, "reprcrash", None)
    _tell(report.outcome, report.nodeid.split("::")[-1], crash.message if crash else str(report.longrepr or ""))


def pytest_sessionfinish(session):
    import s3tests.functional as functional

    if functional.prefix is None:
        return
    for bucket in functional.get_client().list_buckets()["Buckets"]:
        _tell("left", "the whole suite", "the bucket " + bucket["Name"])
