from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from conf_values import value

MANDATORY = {"project", "environment", "deployment", "owner", "cost_centre", "repository"}


class MandatoryTags(BaseResourceCheck):
    """On plans only: in HCL the tags come from the provider's default_tags, which no resource shows."""

    def __init__(self):
        super().__init__(
            name=f"Ensure resources carry the tags {', '.join(sorted(MANDATORY))}",
            id="CKV_MOVIES_7",
            categories=[CheckCategories.CONVENTION],
            supported_resources=["aws_*"],
        )

    def scan_resource_conf(self, conf):
        if "tags_all" not in conf:
            return CheckResult.UNKNOWN
        tags = value(conf, "tags_all")
        present = {name for name in tags if value(tags, name)} if isinstance(tags, dict) else set()
        return CheckResult.PASSED if MANDATORY <= present else CheckResult.FAILED


check = MandatoryTags()
