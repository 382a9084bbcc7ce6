journey "welcome" {
  description = "The first week on the list"
  trigger "joined" { event = event.signed_up }
  reentry { after = "never" }

  send "hello" { message = message.welcome }
  wait "seen" {
    until   = "step.hello.opened || step.hello.clicked"
    timeout = "2d"
  }
  wait "a_day" { for = "1d" }
  branch "next" {
    case "bought" {
      when = "events.order_completed.since(journey.entered_at).any()"
      exit "customer" {}
    }
    else {
      send "breads" { message = message.our_breads }
    }
  }
}

journey "abandoned_cart" {
  description = "A cart that nobody paid for"
  trigger "cart" {
    event  = event.cart_updated
    key    = "event.cart_id"
    settle = "4h" # four hours after this cart's last update; `where` is asked then
    where  = "size(event.items) > 0"
  }
  reentry {
    per    = "key"
    inside = "ignore"
    after  = "7d"
  }
  exit_when = "events.order_completed.since(journey.entered_at).exists(o, o.cart_id == trigger.event.cart_id)"

  send "reminder" {
    message = message.cart_reminder
    with    = { cart = "trigger.event" }
  }
  wait "seen" {
    until   = "step.reminder.opened || step.reminder.clicked" # by a person, of this message only
    timeout = "24h"
  }
  branch "next" {
    case "clicked" {
      when = "step.reminder.clicked"
      send "help" {
        message = message.cart_help
        with    = { cart = "trigger.event" }
      }
    }
    else {}
  }
}

journey "post_purchase" {
  description = "A receipt at once, a question when the bread is eaten"
  trigger "order" {
    event = event.order_completed
    where = "event.total > 0"
  }
  reentry { after = "14d" }

  send "receipt" {
    message = message.receipt
    with    = { order = "trigger.event" }
  }
  wait "eaten" { for = "3d" }
  send "question" {
    message = message.how_was_it
    with    = { order = "trigger.event" }
  }
}

journey "birthday" {
  trigger "day" {
    date     = "profile.birthday"
    at       = "09:00"
    timezone = "recipient"
  }
  send "gift" { message = message.birthday_pastry }
}

journey "win_back" {
  description = "People who used to buy"
  trigger "lapse" {
    enters   = segment.lapsed # the library's: no order in 60 days, though there was one
    backfill = false          # people whom an edit moves in count as already inside
  }
  exit_when = "!segment.lapsed"

  send "hello_again" { message = message.come_back }
  wait "try_again" { for = "5d" }
  send "survey" { message = message.why_did_you_leave }
}

journey "first_loaf" {
  description = "People who look around and have never bought"
  trigger "warm" { enters = segment.warm }
  reentry { after = "180d" }
  exit_when = "!segment.prospect"

  wait "until_the_weekend" { for = "2d" }
  send "breads" { message = message.our_breads }
}
