# Where it runs. Five bakeries, one till system, one web shop, one mailing list.
herald {
  name             = "daily-crumb"
  required_version = ">= 0.1.0"
  required_providers {
    smtp    = { source = "builtin/smtp" }
    mailbox = { source = "builtin/mailbox" }
  }
}

# Nothing leaves the house, whatever the providers say.
environment "staging" {
  deliver = "mailbox"
  allow   = ["@dailycrumb.example"]
}

environment "production" {
  deliver = "people"
}

variable "vip_spend" {
  type        = number
  default     = 120
  description = "What a customer spends in 90 days to count as a VIP, in EUR"
  validation {
    condition = "value > 0"
    message   = "must be positive"
  }
}

variable "smtp_host" {
  type        = string
  default     = "127.0.0.1"
  description = "The mail server of production"
}

variable "smtp_password" {
  type        = string
  sensitive   = true
  default     = ""
  description = "Comes from HERALD_VAR_smtp_password"
}

locals {
  bakery  = "The Daily Crumb"
  hot_24h = "24h"
}

provider "smtp" {
  host     = variable.smtp_host
  port     = 587
  username = "herald"
  password = variable.smtp_password
}

sender "bakery" {
  from     = "${local.bakery} <hello@dailycrumb.example>"
  reply_to = "shop@dailycrumb.example"
  provider = provider.smtp
}
