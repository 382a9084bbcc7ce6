broadcast "weekly_special" {
  audience = "segment.readers"
  message  = message.weekly_special
  with     = { week = "catalog.week[string(week_of(now))]" }
  schedule {
    rrule    = "FREQ=WEEKLY;BYDAY=TH"
    at       = "08:00"
    timezone = "recipient"
  }
}
