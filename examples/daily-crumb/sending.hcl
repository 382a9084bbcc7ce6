broadcast "weekly_special" {
  audience = "segment.readers && !segment.asleep"
  message  = message.weekly_special
  with     = { week = "catalog.week[string(week_of(now))]" }
  schedule {
    rrule    = "FREQ=WEEKLY;BYDAY=TH"
    at       = "08:00"
    timezone = "recipient"
  }
}

# Once, to the best customers; and to those who nearly are, if they read what we write.
broadcast "tasting" {
  audience = "segment.vip || segment.champions || (segment.loyal && segment.engaged)"
  message  = message.tasting
  schedule {
    at       = "2026-12-01T17:00"
    timezone = "recipient"
  }
}
