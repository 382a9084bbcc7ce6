# A dynamic block: the first case that holds.
content "hero" {
  case "gluten_free" {
    when = "segment.gluten_free"
    body = file("blocks/hero-gluten-free.mjml")
  }
  case "lapsed" {
    when = "segment.lapsed"
    body = file("blocks/hero-lapsed.mjml")
  }
  case "undecided" {
    when = "segment.undecided"
    body = file("blocks/hero-undecided.mjml")
  }
  case "local" {
    when = "segment.next_door"
    body = file("blocks/hero-store.mjml")
  }
  else { body = file("blocks/hero.mjml") }
}

# What goes well with the loaf, by taste.
content "beside" {
  case "vegan" {
    when = "segment.vegan"
    body = "<mj-section><mj-column><mj-text>Beside it: the apple turnover. Plants only, as ever.</mj-text></mj-column></mj-section>"
  }
  case "sweet" {
    when = "segment.sweet_teeth"
    body = "<mj-section><mj-column><mj-text>Beside it: the cinnamon knot, still warm at eight.</mj-text></mj-column></mj-section>"
  }
  case "sourdough" {
    when = "segment.sourdough_lovers"
    body = "<mj-section><mj-column><mj-text>Beside it: a jar of our starter. It is as old as the bakery.</mj-text></mj-column></mj-section>"
  }
}

message "welcome" {
  topic     = topic.weekly_special
  sender    = sender.bakery
  subject   = "Hello {{ profile.first_name }}, the oven is warm"
  preheader = "Five bakeries, one starter, since 1987"
  body      = file("messages/welcome.mjml")
}

message "our_breads" {
  topic     = topic.weekly_special
  sender    = sender.bakery
  subject   = "{{ profile.first_name }}, which one will be yours?"
  preheader = "Three loaves to begin with"
  body      = file("messages/our-breads.mjml")
}

message "cart_reminder" {
  topic     = topic.offers
  sender    = sender.bakery
  subject   = "Your {{ cart.items.first.name | default: 'order' }} is still warm"
  preheader = "We keep it for you until tonight"
  body      = file("messages/cart-reminder.mjml")
  input "cart" { type = event.cart_updated }
}

message "cart_help" {
  topic   = topic.offers
  sender  = sender.bakery
  subject = "Did something go wrong?"
  body    = file("messages/cart-help.mjml")
  input "cart" { type = event.cart_updated }
}

message "receipt" {
  topic   = topic.receipts
  sender  = sender.bakery
  subject = "Thank you, {{ profile.first_name }}"
  body    = file("messages/receipt.mjml")
  input "order" { type = event.order_completed }
}

message "how_was_it" {
  topic   = topic.offers
  sender  = sender.bakery
  subject = "How was your {{ order.items.first.name | default: 'bread' }}?"
  body    = file("messages/how-was-it.mjml")
  input "order" { type = event.order_completed }
}

message "birthday_pastry" {
  topic     = topic.offers
  sender    = sender.bakery
  subject   = "A pastry for your birthday, {{ profile.first_name }}"
  preheader = "It waits for you all week"
  body      = file("messages/birthday.mjml")
}

message "come_back" {
  topic     = topic.offers
  sender    = sender.bakery
  subject   = "We miss you, {{ profile.first_name }}"
  preheader = "The first coffee is on us"
  body      = file("messages/come-back.mjml")
}

message "why_did_you_leave" {
  topic   = topic.offers
  sender  = sender.bakery
  subject = "What could we do better?"
  body    = file("messages/why-did-you-leave.mjml")
}

message "weekly_special" {
  topic     = topic.weekly_special
  sender    = sender.bakery
  subject   = "{{ profile.first_name }}, this week's loaf is {{ week.loaf }}"
  preheader = "Out of the oven on Thursday"
  body      = file("messages/weekly-special.mjml")
  input "week" { type = object({ loaf = string, story = string, price = number }) }
}

message "tasting" {
  topic     = topic.offers
  sender    = sender.bakery
  subject   = "{{ profile.first_name }}, the Advent tasting is yours first"
  preheader = "Twelve seats in each bakery"
  body      = file("messages/tasting.mjml")
}
