"""A key: made, named, used, rotated and on its way to deletion, with boto3 and its default settings."""
import boto3
from botocore.exceptions import ClientError

kms = boto3.client("kms")
key = kms.create_key(Description="of the trip", Tags=[{"TagKey": "trip", "TagValue": "boto3"}])["KeyMetadata"]
arn, alias = key["Arn"], "alias/trip-boto3"
kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
assert kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == arn

context = {"trip": "boto3"}
sealed = kms.encrypt(KeyId=alias, Plaintext=b"a secret", EncryptionContext=context)["CiphertextBlob"]
kms.rotate_key_on_demand(KeyId=arn)
opened = kms.decrypt(CiphertextBlob=sealed, EncryptionContext=context)
assert (opened["Plaintext"], opened["KeyId"]) == (b"a secret", arn), opened
try:
    kms.decrypt(CiphertextBlob=sealed)
    raise SystemExit("another context opens it")
except kms.exceptions.InvalidCiphertextException:
    pass

made = kms.generate_data_key(KeyId=alias, KeySpec="AES_256", EncryptionContext=context)
assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context)["Plaintext"] == made["Plaintext"]
assert len(kms.generate_random(NumberOfBytes=16)["Plaintext"]) == 16
assert len(kms.list_key_rotations(KeyId=arn)["Rotations"]) == 1
listed = [one["KeyArn"] for page in kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1}) for one in page["Keys"]]
assert arn in listed, listed
try:
    kms.encrypt(KeyId=alias, Plaintext=b"a", DryRun=True)
except ClientError as error:
    assert error.response["Error"]["Code"] == "DryRunOperationException", error

kms.delete_alias(AliasName=alias)
assert kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)["KeyState"] == "PendingDeletion"
