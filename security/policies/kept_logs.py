import re

from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from conf_values import number, value


VARIABLE = re.compile(r"^(\$\{)?var\.")


class KeptLogs(BaseResourceCheck):
    def __init__(self):
        super().__init__(
            name="Ensure logs are kept 30 days or more, not for ever, and encrypted with a key of our own",
            id="CKV_MOVIES_6",
            categories=[CheckCategories.LOGGING],
            supported_resources=["aws_cloudwatch_log_group"],
        )

    def scan_resource_conf(self, conf):
        days = value(conf, "retention_in_days")
        # In HCL the period is a variable of the root, which its own validation holds to 30 days or more.
        is_kept = number(days) >= 30 or bool(VARIABLE.match(str(days)))
        return CheckResult.PASSED if is_kept and value(conf, "kms_key_id") else CheckResult.FAILED


check = KeptLogs()
