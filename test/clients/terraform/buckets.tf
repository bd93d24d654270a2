# Buckets, every setting of theirs that has a resource, and objects: the second step changes each.

resource "aws_s3_bucket" "plain" {
  bucket        = "tf-plain"
  force_destroy = true
  tags          = var.step == "first" ? { step = "first", more = "1" } : { step = "second" }
}

resource "aws_s3_bucket_versioning" "plain" {
  bucket = aws_s3_bucket.plain.id
  versioning_configuration {
    status = var.step == "first" ? "Enabled" : "Suspended"
  }
}

resource "aws_s3_bucket_cors_configuration" "plain" {
  bucket = aws_s3_bucket.plain.id
  cors_rule {
    id              = "page"
    allowed_headers = ["*"]
    allowed_methods = var.step == "first" ? ["PUT", "POST"] : ["GET"]
    allowed_origins = ["https://app.example.com"]
    expose_headers  = ["ETag"]
    max_age_seconds = var.step == "first" ? 3000 : 60
  }
  cors_rule {
    allowed_methods = ["GET"]
    allowed_origins = ["*"]
  }
}

resource "aws_s3_bucket_website_configuration" "plain" {
  bucket = aws_s3_bucket.plain.id
  index_document {
    suffix = var.step == "first" ? "index.html" : "home.html"
  }
  error_document {
    key = "error.html"
  }
  routing_rule {
    condition {
      key_prefix_equals = "docs/"
    }
    redirect {
      replace_key_prefix_with = var.step == "first" ? "documents/" : "manual/"
    }
  }
}

resource "aws_s3_bucket" "redirect" {
  bucket = "tf-redirect"
}

resource "aws_s3_bucket_website_configuration" "redirect" {
  bucket = aws_s3_bucket.redirect.id
  redirect_all_requests_to {
    host_name = var.step == "first" ? "example.com" : "www.example.com"
    protocol  = "https"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "plain" {
  bucket = aws_s3_bucket.plain.id
  rule {
    bucket_key_enabled = var.step == "first"
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.step == "first" ? "aws:kms" : "AES256"
      kms_master_key_id = var.step == "first" ? aws_kms_key.plain.arn : null
    }
  }
}

resource "aws_s3_bucket_public_access_block" "plain" {
  bucket                  = aws_s3_bucket.plain.id
  block_public_acls       = var.step == "first"
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = var.step != "first"
}

data "aws_iam_policy_document" "bucket" {
  statement {
    actions   = var.step == "first" ? ["s3:GetObject"] : ["s3:GetObject", "s3:PutObject"]
    resources = ["${aws_s3_bucket.plain.arn}/*"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.ada.arn]
    }
  }
}

resource "aws_s3_bucket_policy" "plain" {
  bucket = aws_s3_bucket.plain.id
  policy = data.aws_iam_policy_document.bucket.json
}

resource "aws_s3_bucket_accelerate_configuration" "plain" {
  bucket = aws_s3_bucket.plain.id
  status = var.step == "first" ? "Enabled" : "Suspended"
}

resource "aws_s3_bucket_request_payment_configuration" "plain" {
  bucket = aws_s3_bucket.plain.id
  payer  = var.step == "first" ? "Requester" : "BucketOwner"
}

# ACLs are for buckets that allow them.
resource "aws_s3_bucket" "acl" {
  bucket = "tf-acl"
}

resource "aws_s3_bucket_ownership_controls" "acl" {
  bucket = aws_s3_bucket.acl.id
  rule {
    object_ownership = var.step == "first" ? "BucketOwnerPreferred" : "ObjectWriter"
  }
}

resource "aws_s3_bucket_public_access_block" "acl" {
  bucket                  = aws_s3_bucket.acl.id
  block_public_acls       = false
  block_public_policy     = false
  ignore_public_acls      = false
  restrict_public_buckets = false
}

resource "aws_s3_bucket_acl" "acl" {
  bucket     = aws_s3_bucket.acl.id
  acl        = var.step == "first" ? "private" : "public-read"
  depends_on = [aws_s3_bucket_ownership_controls.acl, aws_s3_bucket_public_access_block.acl]
}

resource "aws_s3_bucket" "vault" {
  bucket              = "tf-vault"
  object_lock_enabled = true
  force_destroy       = true
}

resource "aws_s3_bucket_object_lock_configuration" "vault" {
  bucket = aws_s3_bucket.vault.id
  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = var.step == "first" ? 1 : 2
    }
  }
}

# Enabled on a bucket that is there already.
resource "aws_s3_bucket" "late" {
  bucket = "tf-late"
}

resource "aws_s3_bucket_versioning" "late" {
  bucket = aws_s3_bucket.late.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "late" {
  bucket = aws_s3_bucket_versioning.late.bucket
  dynamic "rule" {
    for_each = var.step == "first" ? [] : [1]
    content {
      default_retention {
        mode  = "COMPLIANCE"
        years = 1
      }
    }
  }
}

resource "aws_s3_object" "tagged" {
  bucket        = aws_s3_bucket.plain.id
  key           = "folder/tagged.txt"
  content       = "of the ${var.step} step"
  content_type  = "text/plain"
  cache_control = "max-age=60"
  metadata      = { step = var.step }
  tags          = { step = var.step }
  depends_on = [
    aws_s3_bucket_server_side_encryption_configuration.plain, aws_s3_bucket_versioning.plain
  ]
}

resource "aws_s3_object" "sealed" {
  bucket             = aws_s3_bucket.redirect.id
  key                = "sealed.bin"
  content            = "sealed with a key"
  kms_key_id         = var.step == "first" ? aws_kms_key.plain.arn : aws_kms_key.other.arn
  bucket_key_enabled = true
}

resource "aws_s3_object" "by_service" {
  bucket                 = aws_s3_bucket.redirect.id
  key                    = "by-service.bin"
  content                = "sealed by the service"
  server_side_encryption = "AES256"
  checksum_algorithm     = var.step == "first" ? "CRC32" : "SHA256"
}

resource "aws_s3_object" "locked" {
  bucket                        = aws_s3_bucket.vault.id
  key                           = "locked.bin"
  content                       = "locked"
  force_destroy                 = true
  object_lock_legal_hold_status = var.step == "first" ? "ON" : "OFF"
  object_lock_mode              = "GOVERNANCE"
  object_lock_retain_until_date = var.step == "first" ? "2099-01-01T00:00:00Z" : "2098-01-01T00:00:00Z"
}

resource "aws_s3_object_copy" "copy" {
  bucket = aws_s3_bucket.redirect.id
  key    = "copy.txt"
  source = "${aws_s3_bucket.plain.id}/${aws_s3_object.tagged.key}"
  # Copied tags that are not written here would be taken away by the next plan, on AWS too.
  tagging_directive = "REPLACE"
  tags              = { step = var.step }
}

resource "aws_kms_key" "other" {
  deletion_window_in_days = 7
}

data "aws_s3_bucket" "plain" {
  bucket = aws_s3_bucket.plain.id
}

data "aws_s3_object" "tagged" {
  bucket = aws_s3_bucket.plain.id
  key    = aws_s3_object.tagged.key
}

data "aws_s3_objects" "redirect" {
  bucket     = aws_s3_bucket.redirect.id
  depends_on = [aws_s3_object.by_service, aws_s3_object_copy.copy]
}
