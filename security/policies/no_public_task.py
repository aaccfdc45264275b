from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from conf_values import block, is_true, value


class NoPublicTask(BaseResourceCheck):
    def __init__(self):
        super().__init__(
            name="Ensure tasks have no public address",
            id="CKV_MOVIES_2",
            categories=[CheckCategories.NETWORKING],
            supported_resources=["aws_ecs_service"],
        )

    def scan_resource_conf(self, conf):
        network = block(conf, "network_configuration")
        if not network:
            return CheckResult.FAILED
        return CheckResult.FAILED if is_true(value(network, "assign_public_ip")) else CheckResult.PASSED


check = NoPublicTask()
