from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from conf_values import block, is_false, value


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
        # Absent is false to AWS, and to Checkov what only an apply tells: it has to be said.
        return CheckResult.PASSED if is_false(value(network, "assign_public_ip")) else CheckResult.FAILED


check = NoPublicTask()
