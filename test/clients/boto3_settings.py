"""Settings of a bucket, each put, read and read again: `boto3_settings.py BUCKET`."""
import socket
import sys
from urllib.parse import urlsplit

import boto3

bucket = sys.argv[1]
s3 = boto3.client("s3")


def settle(name, value, read, **put):
    """Puts a setting and expects it back, twice."""
    getattr(s3, f"put_{name}")(Bucket=bucket, **put)
    for _ in range(2):
        found = read(getattr(s3, f"get_{name}")(Bucket=bucket))
        assert found == value, (name, found)


def without_metadata(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


website = {
    "IndexDocument": {"Suffix": "index.html"},
    "ErrorDocument": {"Key": "error.html"},
    "RoutingRules": [
        {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}},
        {
            "Condition": {"HttpErrorCodeReturnedEquals": "404"},
            "Redirect": {"HostName": "www.example.com", "Protocol": "https", "HttpRedirectCode": "302"},
        },
    ],
}
settle("bucket_website", website, without_metadata, WebsiteConfiguration=website)
everything = {"RedirectAllRequestsTo": {"HostName": "www.example.com", "Protocol": "https"}}
settle("bucket_website", everything, without_metadata, WebsiteConfiguration=everything)
s3.delete_bucket_website(Bucket=bucket)

for payer in ("Requester", "BucketOwner"):
    settle(
        "bucket_request_payment",
        payer,
        lambda answer: answer["Payer"],
        RequestPaymentConfiguration={"Payer": payer},
    )
for status in ("Enabled", "Suspended"):
    settle(
        "bucket_accelerate_configuration",
        status,
        lambda answer: answer["Status"],
        AccelerateConfiguration={"Status": status},
    )
for status in ("Enabled", "Disabled"):
    settle("bucket_abac", status, lambda answer: answer["AbacStatus"]["Status"], AbacStatus={"Status": status})

# boto3 asks at ACCOUNT.localhost, a name that Python does not find on every machine.
found = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **named: found(
    "127.0.0.1" if host.endswith(".localhost") else host, *more, **named
)
port = urlsplit(s3.meta.endpoint_url).port
control = boto3.client("s3control", endpoint_url=f"http://localhost:{port}")
account = boto3.client("sts").get_caller_identity()["Account"]
resource = {"AccountId": account, "ResourceArn": f"arn:aws:s3:::{bucket}"}


def tags():
    return {tag["Key"]: tag["Value"] for tag in control.list_tags_for_resource(**resource)["Tags"]}


control.tag_resource(**resource, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b c", "Value": "2"}])
assert tags() == {"a": "1", "b c": "2"}, tags()
control.untag_resource(**resource, TagKeys=["a", "b c"])
assert tags() == {}, tags()
try:
    control.list_tags_for_resource(AccountId=account, ResourceArn="arn:aws:s3:::not-a-bucket-of-this-trip")
    raise AssertionError("a bucket that is not there has tags")
except control.exceptions.ClientError as error:
    assert error.response["Error"]["Code"] == "NoSuchResource", error.response
