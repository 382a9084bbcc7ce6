# Values worked out for each person. Segments, contents and templates name them as `trait.x`.

trait "spend" {
  description = "Spent in 90 days, in EUR"
  value       = "events.order_completed.within('90d').sum(o, o.total)"
}

trait "walk" {
  description = "From home to the bakery as the crow flies, in km; unknown without an address or a bakery"
  value       = "distance_km(profile.latitude, profile.longitude, profile.store.latitude, profile.store.longitude)"
}

trait "interest" {
  description = "How warm somebody is: points for what they do, half of them gone after a week"
  model "points" {
    half_life = "7d"
    rule "looked" {
      event  = event.product_viewed
      within = "30d"
      points = 2
    }
    rule "read_our_story" {
      event  = event.page_viewed
      where  = "e.path.startsWith('/story')"
      within = "30d"
      points = 3
    }
    rule "filled_a_cart" {
      event  = event.cart_updated
      within = "30d"
      points = 5
    }
    rule "follows_our_mail" {
      event  = event.email_clicked
      within = "30d"
      points = 5
    }
  }
}

trait "rfm" {
  description = "Recency, frequency and money of a year, 1 to 5 each"
  model "rfm" {
    events = event.order_completed
    amount = "total"
    money  = [25, 75, 200, 500]
  }
}

trait "taste" {
  description = "What they buy most of all, and how much of the basket it is"
  model "affinity" {
    events    = event.order_completed
    items     = "items"
    by        = "category"
    weight    = "quantity"
    within    = "180d"
    half_life = "90d"
  }
}
