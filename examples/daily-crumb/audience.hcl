# Who they are. `herald plan` counts who enters and who leaves when one of these changes.

segment "readers" {
  description = "Want to know what we bake this week"
  when        = "topic.weekly_special.subscribed"
}

segment "customers" {
  description = "Bought at least once"
  when        = "events.order_completed.any()"
}

segment "prospects" {
  description = "On the list, and never bought"
  when        = "!segment.customers && profile.created_at <= now - duration('7d')"
}

segment "new_customers" {
  description = "Bought for the first time within a month"
  when        = "events.order_completed.any() && events.order_completed.first().at > now - duration('30d')"
}

segment "regulars" {
  description = "Four orders or more in 60 days"
  when        = "events.order_completed.within('60d').count() >= 4"
}

segment "vip" {
  description = "Spent the VIP sum in 90 days"
  when        = "events.order_completed.within('90d').sum(o, o.total) >= variable.vip_spend"
}

segment "lapsed" {
  description = "Used to buy, and has stopped"
  when        = "events.order_completed.any() && events.order_completed.within(duration(variable.lapsed_after)).none()"
}

segment "gluten_free" {
  description = "Told us so, or bought something gluten-free in half a year"
  when        = <<-CEL
    "gluten_free" in profile.dietary
      || events.order_completed.within("180d").exists(o, o.items.exists(i, "gluten_free" in i.tags))
  CEL
}

segment "vegan" {
  description = "Eats no animals"
  when        = "'vegan' in profile.dietary"
}

segment "sourdough_lovers" {
  description = "Three sourdoughs in a quarter"
  when        = "events.order_completed.within('90d').count(o, o.items.exists(i, i.category == 'sourdough')) >= 3"
}

segment "cake_people" {
  description = "Bought a cake in half a year"
  when        = "events.order_completed.within('180d').exists(o, o.items.exists(i, i.category == 'cake'))"
}

segment "big_baskets" {
  description = "Spends more than 15 EUR at a time"
  when        = "events.order_completed.within('180d').avg(o, o.total) > 15"
}

segment "window_shoppers" {
  description = "Looked often this month and bought nothing"
  when        = "events.product_viewed.within('30d').count() >= 5 && events.order_completed.within('30d').none()"
}

segment "engaged" {
  description = "Opened or clicked within two months"
  when        = "events.email_opened.within('60d').any() || events.email_clicked.within('60d').any()"
}

segment "has_home_store" {
  description = "We know which bakery is nearest"
  when        = "has(profile.store)"
}
