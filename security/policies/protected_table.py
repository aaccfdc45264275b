from checkov.common.models.enums import CheckCategories, CheckResult
from checkov.terraform.checks.resource.base_resource_check import BaseResourceCheck

from conf_values import block, is_true, value


class TableRule(BaseResourceCheck):
    """A rule for every table; each says what it wants in `holds`."""

    def __init__(self, rule, name, holds):
        super().__init__(
            name=name,
            id=rule,
            categories=[CheckCategories.BACKUP_AND_RECOVERY],
            supported_resources=["aws_dynamodb_table"],
        )
        self.holds = holds

    def scan_resource_conf(self, conf):
        return CheckResult.PASSED if self.holds(conf) else CheckResult.FAILED


def has_recovery(conf):
    return is_true(value(block(conf, "point_in_time_recovery"), "enabled"))


def has_own_key(conf):
    encryption = block(conf, "server_side_encryption")
    return is_true(value(encryption, "enabled")) and value(encryption, "kms_key_arn") is not None


def is_kept(conf):
    return is_true(value(conf, "deletion_protection_enabled"))


recovery = TableRule("CKV_MOVIES_3", "Ensure tables can be restored to any second", has_recovery)
protection = TableRule("CKV_MOVIES_4", "Ensure tables are protected from deletion", is_kept)
own_key = TableRule("CKV_MOVIES_5", "Ensure tables are encrypted with a key of our own", has_own_key)
