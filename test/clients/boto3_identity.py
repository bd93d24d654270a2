"""A user, its key, a policy, a role, and a session that lists buckets, with boto3 and its default settings."""
import json
import urllib.request

import boto3

iam = boto3.client("iam")
name, role = "trip-user-boto3", "trip-role-boto3"

user = iam.create_user(UserName=name, Tags=[{"Key": "trip", "Value": "boto3"}])["User"]
account = user["Arn"].split(":")[4]
key = iam.create_access_key(UserName=name)["AccessKey"]
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["sts:*", "s3:List*"], "Resource": "*"}]}
iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
assert iam.get_user_policy(UserName=name, PolicyName="p")["PolicyDocument"] == policy

trust = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": user["Arn"]}, "Action": "sts:AssumeRole"}],
}
arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(policy))

own = boto3.Session(aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
sts = own.client("sts")
assert sts.get_caller_identity()["Arn"] == user["Arn"]
url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
with urllib.request.urlopen(url) as answer:
    assert user["Arn"] in answer.read().decode()

credentials = sts.assume_role(RoleArn=arn, RoleSessionName="trip")["Credentials"]
session = boto3.Session(
    aws_access_key_id=credentials["AccessKeyId"],
    aws_secret_access_key=credentials["SecretAccessKey"],
    aws_session_token=credentials["SessionToken"],
)
session.client("s3").list_buckets()
try:
    session.client("iam").list_users()
    raise SystemExit("a role may do what no policy allows")
except iam.exceptions.ClientError as error:
    assert error.response["Error"]["Code"] == "AccessDenied", error

bucket = f"trip-identity-{account}"
s3 = boto3.client("s3")
s3.create_bucket(Bucket=bucket)
s3.put_object(Bucket=bucket, Key="a", Body=b"content")
iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps({**policy, "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}))
url = session.client("s3").generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"})
with urllib.request.urlopen(url) as answer:
    assert answer.read() == b"content"
s3.delete_object(Bucket=bucket, Key="a")
s3.delete_bucket(Bucket=bucket)

iam.delete_role_policy(RoleName=role, PolicyName="p")
iam.delete_role(RoleName=role)
iam.delete_user_policy(UserName=name, PolicyName="p")
iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
iam.delete_user(UserName=name)
