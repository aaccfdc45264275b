resource "aws_s3_bucket" "state" {
  bucket        = "${var.project}-state-${local.account}-${var.region}"
  force_destroy = var.state_is_disposable
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.main["state"].arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket = aws_s3_bucket.state.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    id     = "forget-replaced-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.state_history_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    # A released lock leaves a delete marker; without versions behind it, it is only noise.
    expiration {
      expired_object_delete_marker = true
    }
  }

  # Rules about versions are refused by S3 while versioning is still being turned on.
  depends_on = [aws_s3_bucket_versioning.state]
}

resource "aws_s3_bucket_policy" "state" {
  bucket = aws_s3_bucket.state.id
  policy = data.aws_iam_policy_document.state_bucket.json

  # S3 handles one change of a bucket's access at a time.
  depends_on = [aws_s3_bucket_public_access_block.state]
}

# A denial must name everybody: these are the only statements here with the principal "*".
data "aws_iam_policy_document" "state_bucket" {
  dynamic "statement" {
    for_each = {
      DenyPlainHttp = ["s3:*", "Bool", "aws:SecureTransport", "false"]
      DenyOldTls    = ["s3:*", "NumericLessThan", "s3:TlsVersion", "1.2"]
      # `encrypt = true` without `kms_key_id` makes Terraform ask for S3's own key, past the bucket's default.
      DenyOtherEncryption = ["s3:PutObject", "StringNotEqualsIfExists", "s3:x-amz-server-side-encryption", "aws:kms"]
      DenyOtherKeys = [
        "s3:PutObject", "StringNotEqualsIfExists", "s3:x-amz-server-side-encryption-aws-kms-key-id", aws_kms_key.main["state"].arn,
      ]
    }

    content {
      sid       = statement.key
      effect    = "Deny"
      actions   = [statement.value[0]]
      resources = concat(statement.value[0] == "s3:*" ? [aws_s3_bucket.state.arn] : [], ["${aws_s3_bucket.state.arn}/*"])

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      condition {
        test     = statement.value[1]
        variable = statement.value[2]
        values   = [statement.value[3]]
      }
    }
  }
}
