"""Writes what an account holds, as JSON: its roles and policies, and the policies of keys, buckets, topics and logs, which the
account's own list of them lacks; each as Terraform would tell of it. It only reads, with the credentials that every client of AWS takes.
"""

import json
import os
import sys
import urllib.request

import boto3
from botocore.config import Config

endpoint = os.environ.get("AWS_ENDPOINT_URL")
region = os.environ.get("AWS_REGION", "eu-west-1")
settings = Config(s3={"addressing_style": "path"}) if endpoint else Config()
iam, kms, s3, sns, logs, sts = (
    boto3.client(name, region_name=region, config=settings) for name in ("iam", "kms", "s3", "sns", "logs", "sts")
)
held = []


def pages(of, operation, *keys, **given):
    for page in of.get_paginator(operation).paginate(**given):
        for key in keys:
            yield from ((key, one) for one in page.get(key, []))


def hold(kind, **values):
    held.append({"mode": "managed", "type": kind, "values": values})


for kind, one in pages(iam, "get_account_authorization_details", "RoleDetailList", "Policies", Filter=["Role", "LocalManagedPolicy"]):
    if kind == "Policies":
        current = next(version for version in one["PolicyVersionList"] if version["IsDefaultVersion"])
        hold("aws_iam_policy", arn=one["Arn"], policy=json.dumps(current["Document"]))
        continue
    name = one["RoleName"]
    hold(
        "aws_iam_role",
        name=name,
        arn=one["Arn"],
        assume_role_policy=json.dumps(one["AssumeRolePolicyDocument"]),
        permissions_boundary=one.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        max_session_duration=iam.get_role(RoleName=name)["Role"]["MaxSessionDuration"],
    )
    for inline in one["RolePolicyList"]:
        hold("aws_iam_role_policy", role=name, policy=json.dumps(inline["PolicyDocument"]))
    for attached in one["AttachedManagedPolicies"]:
        hold("aws_iam_role_policy_attachment", role=name, policy_arn=attached["PolicyArn"])

for _, alias in pages(kms, "list_aliases", "Aliases"):
    if "TargetKeyId" in alias and not alias["AliasName"].startswith("alias/aws/"):
        key = alias["TargetKeyId"]
        hold(
            "aws_kms_key",
            alias=alias["AliasName"],
            id=key,
            arn=kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"],
            policy=kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"],
        )

states = {}
for bucket in (one["Name"] for one in s3.list_buckets()["Buckets"]):
    try:
        hold("aws_s3_bucket_policy", bucket=bucket, policy=s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
    if "-state-" in bucket:
        for _, item in pages(s3, "list_objects_v2", "Contents", Bucket=bucket, Prefix="env:/"):
            if item["Key"].endswith(".tfstate"):
                body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"]
                states[item["Key"].split("/")[1]] = json.load(body)["resources"]

for _, topic in pages(sns, "list_topics", "Topics"):
    attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
    hold("aws_sns_topic_policy", arn=topic["TopicArn"], policy=attributes["Policy"])
for one in logs.describe_resource_policies()["resourcePolicies"]:
    hold("aws_cloudwatch_log_resource_policy", policy_name=one["policyName"], policy_document=one["policyDocument"])


def index(instance):
    key = instance.get("index_key")
    return "" if key is None else f"[{json.dumps(key)}]"


# Of a state what names a resource, and nothing else: a state may hold secrets.
# These carry no ARN in it: what theirs begins with.
arns = {"aws_ecs_service": "", "aws_nat_gateway": "ec2:natgateway/", "aws_fis_experiment_template": "fis:experiment-template/"}
account = sts.get_caller_identity()["Account"]


def values_of(kind, attributes):
    values = {name: attributes[name] for name in names if attributes.get(name)}
    if kind in arns:
        service, _, rest = arns[kind].partition(":")
        values["arn"] = (f"arn:aws:{service}:{region}:{account}:{rest}" if rest else "") + values["id"]
    return values


names = ("id", "arn", "name", "bucket", "path", "vpc_id", "tags_all", "association_id", "route_table_id")
resources = [
    {
        "environment": environment,
        "address": ".".join(part for part in (one.get("module"), one["type"], one["name"]) if part) + index(instance),
        "mode": "managed",
        "type": one["type"],
        "values": values_of(one["type"], instance["attributes"]),
    }
    for environment, state in states.items()
    for one in state
    if one["mode"] == "managed"
    for instance in one["instances"]
]
# The emulator alone tells what it was asked.
requests = []
if endpoint:
    with urllib.request.urlopen(f"{endpoint}/_emulator/requests") as answer:
        requests = json.load(answer)["requests"]
json.dump({"account": account, "held": held, "resources": resources, "requests": requests}, sys.stdout)
