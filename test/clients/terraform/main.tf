terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
  s3_use_path_style       = true
}

variable "step" {
  default = "first"
}

data "aws_caller_identity" "me" {}

resource "aws_iam_user" "ada" {
  name                 = "tf-ada"
  path                 = "/trip/"
  force_destroy        = true
  tags                 = { step = var.step }
  permissions_boundary = var.step == "first" ? null : aws_iam_policy.read.arn
}

resource "aws_iam_access_key" "ada" {
  user = aws_iam_user.ada.name
}

resource "aws_iam_user_policy" "inline" {
  name   = "inline"
  user   = aws_iam_user.ada.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_group" "team" {
  name = "tf-team"
  path = "/trip/"
}

resource "aws_iam_group_policy" "inline" {
  name   = "inline"
  group  = aws_iam_group.team.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_group_membership" "team" {
  name  = "tf-team-membership"
  group = aws_iam_group.team.name
  users = [aws_iam_user.ada.name]
}

resource "aws_iam_group" "second" {
  name = "tf-second"
}

resource "aws_iam_user_group_membership" "ada" {
  user   = aws_iam_user.ada.name
  groups = [aws_iam_group.second.name]
}

data "aws_iam_policy_document" "read" {
  statement {
    actions   = var.step == "first" ? ["s3:GetObject"] : ["s3:GetObject", "s3:ListBucket"]
    resources = ["*"]
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [data.aws_caller_identity.me.account_id]
    }
  }
}

resource "aws_iam_policy" "read" {
  name        = "tf-read"
  path        = "/trip/"
  description = "reads"
  policy      = data.aws_iam_policy_document.read.json
  tags        = { step = var.step }
}

resource "aws_iam_role" "worker" {
  name                 = "tf-worker"
  path                 = "/trip/"
  description          = var.step
  max_session_duration = var.step == "first" ? 3600 : 7200
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  tags                 = { step = var.step }
}

resource "aws_iam_role_policy" "inline" {
  name   = "inline"
  role   = aws_iam_role.worker.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy_attachment" "worker" {
  role       = aws_iam_role.worker.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_user_policy_attachment" "ada" {
  user       = aws_iam_user.ada.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
}

resource "aws_iam_group_policy_attachment" "team" {
  group      = aws_iam_group.team.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_policy" "everywhere" {
  name   = "tf-everywhere"
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_policy_attachment" "everywhere" {
  name       = "everywhere"
  users      = [aws_iam_user.ada.name]
  groups     = [aws_iam_group.second.name]
  roles      = [aws_iam_role.worker.name]
  policy_arn = aws_iam_policy.everywhere.arn
}

resource "aws_iam_instance_profile" "worker" {
  name = "tf-worker"
  role = aws_iam_role.worker.name
}

resource "aws_iam_openid_connect_provider" "issuer" {
  url             = "https://issuer.example.com"
  client_id_list  = ["client"]
  thumbprint_list = ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"]
}

resource "aws_iam_account_alias" "alias" {
  account_alias = "tf-trip"
}

output "user" {
  value = aws_iam_user.ada.arn
}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.me.account_id}:root"]
    }
  }
  statement {
    sid       = "Ada"
    actions   = ["kms:Encrypt", "kms:Decrypt"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.ada.arn]
    }
  }
}

resource "aws_kms_key" "plain" {
  deletion_window_in_days = 7
}

resource "aws_kms_key" "full" {
  description             = "of the trip, ${var.step}"
  deletion_window_in_days = 10
  enable_key_rotation     = var.step == "first"
  rotation_period_in_days = var.step == "first" ? 180 : null
  is_enabled              = var.step == "first"
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = { step = var.step }
}

resource "aws_kms_alias" "trip" {
  name          = "alias/tf/trip"
  target_key_id = var.step == "first" ? aws_kms_key.full.key_id : aws_kms_key.plain.key_id
}

data "aws_kms_alias" "trip" {
  name       = "alias/tf/trip"
  depends_on = [aws_kms_alias.trip]
}
