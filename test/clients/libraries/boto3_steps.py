"""The round trip's steps with boto3 and its default settings: `boto3_steps.py STEP ARGUMENTS`."""
import json
import os
import sys

import boto3

client = boto3.client("s3")


def keys(bucket):
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            yield entry["Key"]


def create(bucket):
    client.create_bucket(Bucket=bucket)


def up(folder, bucket):
    for path, _, names in os.walk(folder):
        for name in names:
            file = os.path.join(path, name)
            client.upload_file(file, bucket, os.path.relpath(file, folder))


def down(bucket, folder):
    for key in keys(bucket):
        file = os.path.join(folder, key)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        client.download_file(bucket, key, file)


def presign(bucket, key):
    print(client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}))


def list_keys(bucket):
    print(json.dumps(list(keys(bucket))))


def delete(bucket):
    objects = [{"Key": key} for key in keys(bucket)]
    if objects:
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": objects})
        if answer.get("Errors"):
            sys.exit(str(answer["Errors"]))
    client.delete_bucket(Bucket=bucket)


steps = {"create": create, "up": up, "down": down, "presign": presign, "list": list_keys, "delete": delete}
steps[sys.argv[1]](*sys.argv[2:])
