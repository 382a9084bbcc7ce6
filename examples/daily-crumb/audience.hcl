# Who they are. `herald plan` counts who enters and who leaves when one of these changes.

# Where a customer stands: segment.prospect, new, loyal, active, lapsed or churned.
library "lifecycle" {
  purchase = event.order_completed
  active   = "60d"
}

# Ours in place of the library's. Its other five make room for it.
segment "loyal" {
  description = "Four orders or more in 60 days, and not for the first time"
  when        = "!segment.new && events.order_completed.within('60d').count() >= 4"
}

segment "readers" {
  description = "Want to know what we bake this week"
  when        = "topic.weekly_special.subscribed"
}

# The next two need mails that were sent, so nobody is in them on the first day.
segment "engaged" {
  description = "Opened a third of our mails in 90 days"
  when        = "open_rate('90d') >= 0.33" # by a person, not by a machine
}

segment "asleep" {
  description = "Had eight mails in 90 days, and opened next to none"
  when        = "events.email_sent.within('90d').count() >= 8 && open_rate('90d') < 0.1" # unknown without mails, but for the count
}

segment "warm" {
  description = "On the list for a week, looks around, and never bought"
  when        = "segment.prospect && trait.interest >= 3 && profile.created_at <= now - duration('7d')"
}

segment "undecided" {
  description = "Looked, filled a cart within a day, and has not bought since: in the last month"
  when        = <<-CEL
    sequence("1d", events.product_viewed.within("30d"), events.cart_updated.within("30d"))
      && events.order_completed.since(events.cart_updated.last().at).none()
  CEL
}

segment "vip" {
  description = "Spent the VIP sum in 90 days"
  when        = "trait.spend >= variable.vip_spend"
}

segment "champions" {
  description = "Bought lately, often, and a lot"
  when        = "trait.rfm.recency >= 4 && trait.rfm.frequency >= 4 && trait.rfm.money >= 4"
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
  description = "Sourdough is what they buy most"
  when        = "trait.taste.top == 'sourdough'"
}

segment "sweet_teeth" {
  description = "Cakes or pastries are what they buy most"
  when        = "trait.taste.top in ['cake', 'pastry']"
}

segment "next_door" {
  description = "Lives within two kilometres of their bakery"
  when        = "trait.walk <= 2"
}
