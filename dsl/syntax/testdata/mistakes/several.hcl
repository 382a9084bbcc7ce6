segment "a" {
  description = "costs"
  when        = 'profile.language == "de"'
}

message "b" {
  subject = "Only ${{ item.price }} today"
  body    = "20%{% if x %}"
}

segment "c" {
  when = "profile.language
}

segment "d" {
  when        = "name.matches('\d+')"
  description = "first"
  description = "second"
}

journey "e" {
  trigger "lapse" {
    enters = segment.a
  }

segment "f" {
  when = "true"
}
