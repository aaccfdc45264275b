from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from conf_values import parsed, value


def listed(held):
    return held if isinstance(held, list) else [held]


class NoWildcardAction(BaseResourceCheck):
    def __init__(self):
        super().__init__(
            name="Ensure no role may do everything, or everything of a service",
            id="CKV_MOVIES_8",
            categories=[CheckCategories.IAM],
            supported_resources=["aws_iam_role_policy", "aws_iam_policy"],
        )

    def scan_resource_conf(self, conf):
        policy = parsed(value(conf, "policy"))
        if not isinstance(policy, dict):
            return CheckResult.UNKNOWN
        allowed = [s for s in listed(policy.get("Statement", [])) if s.get("Effect") == "Allow"]
        actions = [action for statement in allowed for action in listed(statement.get("Action", []))]
        return CheckResult.FAILED if any(a == "*" or a.endswith(":*") for a in actions) else CheckResult.PASSED


check = NoWildcardAction()
