# Run by `herald test`, on simulated time: no server, and nothing is sent.

test "the first week of somebody who reads and does not buy" {
  journey = journey.welcome
  given {
    event "signed_up" {
      at   = "0h"
      data = { source = "web" }
    }
    opened "hello" { after = "3h" }
  }
  expect {
    sent = [
      { message = message.welcome, at = "0h" },
      { message = message.our_breads, at = "27h" },
    ]
    outcome = "completed"
    path    = ["hello", "seen", "a_day", "next", "breads"]
  }
}

test "who does not read waits longer" {
  journey = journey.welcome
  given {
    event "signed_up" {
      at   = "0h"
      data = { source = "till" }
    }
  }
  expect {
    sent = [
      { message = message.welcome, at = "0h" },
      { message = message.our_breads, at = "3d" },
    ]
  }
}

test "a customer is shown no breads" {
  journey = journey.welcome
  given {
    event "signed_up" {
      at   = "0h"
      data = { source = "web" }
    }
    event "order_completed" {
      at   = "1h"
      data = { total = 12.5, cart_id = "c1", items = [] }
    }
  }
  expect {
    sent    = [{ message = message.welcome }]
    outcome = "exit customer"
  }
}

test "a cart that nobody comes back to" {
  journey = journey.abandoned_cart
  given {
    event "cart_updated" {
      at   = "0h"
      data = { cart_id = "c1", items = [{ sku = "rye", name = "Rye", price = 4.2 }] }
    }
  }
  expect {
    sent    = [{ message = message.cart_reminder, at = "4h" }]
    outcome = "completed"
  }
}

test "a click gets help" {
  journey = journey.abandoned_cart
  given {
    event "cart_updated" {
      at   = "0h"
      data = { cart_id = "c1", items = [{ sku = "rye", name = "Rye", price = 4.2 }] }
    }
    clicked "reminder" { after = "30m" }
  }
  expect {
    sent = [
      { message = message.cart_reminder, at = "4h" },
      { message = message.cart_help, at = "4h30m" },
    ]
  }
}

test "a buyer gets no reminder" {
  journey = journey.abandoned_cart
  given {
    profile = { first_name = "Ada", dietary = ["vegan"] }
    event "cart_updated" {
      at   = "0h"
      data = { cart_id = "c1", items = [{ sku = "rye", name = "Rye", price = 4.2 }] }
    }
    event "order_completed" {
      at   = "2h"
      data = { cart_id = "c1", total = 4.2, items = [] }
    }
  }
  expect {
    sent    = []
    entered = false
  }
}

test "who buys after the reminder is left alone" {
  journey = journey.abandoned_cart
  given {
    event "cart_updated" {
      at   = "0h"
      data = { cart_id = "c1", items = [{ sku = "rye", name = "Rye", price = 4.2 }] }
    }
    event "order_completed" {
      at   = "5h"
      data = { cart_id = "c1", total = 4.2, items = [] }
    }
  }
  expect {
    sent   = [{ message = message.cart_reminder }]
    exited = true
  }
}

test "a receipt at once, a question three days later" {
  journey = journey.post_purchase
  given {
    event "order_completed" {
      at   = "0h"
      data = { total = 9.4, cart_id = "c1", items = [] }
    }
    event "order_completed" {
      at   = "1d"
      data = { total = 3, cart_id = "c2", items = [] }
    }
  }
  expect {
    sent = [
      { message = message.receipt, at = "0h" },
      { message = message.how_was_it, at = "3d" },
    ]
  }
}

test "a receipt needs no permission" {
  journey = journey.post_purchase
  given {
    consent "weekly_special" { granted = false }
    event "order_completed" {
      at   = "0h"
      data = { total = 9.4, cart_id = "c1", items = [] }
    }
  }
  expect { sent = [{ message = message.receipt, at = "0h" }] }
}

test "a birthday on 29 February comes each year" {
  journey = journey.birthday
  start   = "2027-02-27T12:00:00Z"
  given { profile = { birthday = "2000-02-29", timezone = "Asia/Tokyo" } }
  expect { sent = [{ message = message.birthday_pastry, at = "12h" }] }
}

test "somebody who stopped buying" {
  journey = journey.win_back
  given {
    event "order_completed" {
      at   = "-59d"
      data = { total = 9.4, cart_id = "c1", items = [] }
    }
  }
  until = "30d"
  expect {
    sent = [
      { message = message.come_back, at = "1d" },
      { message = message.why_did_you_leave, at = "6d" },
    ]
    segments = { lapsed = true }
  }
}

test "and came back" {
  journey = journey.win_back
  given {
    event "order_completed" {
      at   = "-59d"
      data = { total = 9.4, cart_id = "c1", items = [] }
    }
    event "order_completed" {
      at   = "2d"
      data = { total = 9.4, cart_id = "c2", items = [] }
    }
  }
  until = "30d"
  expect {
    sent     = [{ message = message.come_back, at = "1d" }]
    exited   = true
    segments = { lapsed = false }
  }
}

test "a looker who has never bought" {
  journey = journey.first_loaf
  given {
    profile = { created_at = "2020-01-02T00:00:00Z" }
    event "product_viewed" {
      at   = "0h"
      data = { sku = "rye", category = "sourdough" }
    }
    event "product_viewed" {
      at   = "1h" # twice two points, hardly faded: warm
      data = { sku = "spelt", category = "sourdough" }
    }
  }
  until = "10d"
  expect { sent = [{ message = message.our_breads, at = "2d1h" }] }
}
