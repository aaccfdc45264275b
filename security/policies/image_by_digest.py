import re

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from conf_values import parsed, value

OUR_REGISTRY = re.compile(r"^[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[^@:]+@sha256:[0-9a-f]{64}$")


class ImageByDigest(BaseResourceCheck):
    def __init__(self):
        super().__init__(
            name="Ensure containers run an image of our own registry, named by digest",
            id="CKV_MOVIES_1",
            categories=[CheckCategories.SUPPLY_CHAIN],
            supported_resources=["aws_ecs_task_definition"],
        )

    def scan_resource_conf(self, conf):
        containers = parsed(value(conf, "container_definitions"))
        if isinstance(containers, dict):
            containers = [containers]
        if not isinstance(containers, list):
            return CheckResult.UNKNOWN
        images = [c["image"] for c in containers if isinstance(c, dict) and isinstance(c.get("image"), str)]
        if not images:
            # Made elsewhere, or not known yet: policy MOVIES_PLAN_8 judges it on the plan.
            return CheckResult.UNKNOWN
        return CheckResult.PASSED if all(OUR_REGISTRY.match(i) for i in images) else CheckResult.FAILED


check = ImageByDigest()
