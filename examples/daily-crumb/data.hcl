# What is known, with its types: every condition and template is checked against it.
profile {
  attribute "first_name" {
    type    = string
    default = "there"
    pii     = true
  }
  attribute "birthday" {
    type = date
    pii  = true
  }
  attribute "dietary" {
    type   = set(string)
    one_of = ["gluten_free", "vegan", "nut_free"]
  }
  attribute "store" {
    type        = ref(catalog.store)
    description = "The bakery that they call theirs"
  }
  attribute "latitude" {
    type        = number
    description = "Home, in degrees: of the address that bread is brought to"
    pii         = true
  }
  attribute "longitude" {
    type = number
    pii  = true
  }
  attribute "signup_source" {
    type   = string
    one_of = ["web", "till", "event"]
  }
  timezone {
    from    = "profile.timezone"
    default = "Europe/Berlin"
  }
  locale {
    from    = "profile.language"
    known   = ["en"]
    default = "en"
  }
}

event "signed_up" {
  name        = "Signed Up"
  description = "Joined the mailing list"
  property "source" { type = string }
}

# Pages need no declaration: `page_viewed` is built in, and comes from the snippet
# (`herald snippet`) in the shop's pages, as this one does.
event "product_viewed" {
  name = "Product Viewed"
  property "sku" { type = string }
  property "category" { type = string }
}

event "cart_updated" {
  name        = "Cart Updated"
  description = "Something was put into a cart of the web shop, or taken out"
  property "cart_id" { type = string }
  property "items" { type = list(object({ sku = string, name = string, price = number })) }
}

event "order_completed" {
  name        = "Order Completed" # the wire name, after the Segment e-commerce specification
  description = "Paid, in a shop or on the web"
  property "total" {
    type = number
    unit = "EUR"
  }
  property "cart_id" { type = string }
  property "store" { type = string }
  property "items" {
    type = list(object({ sku = string, name = string, category = string, tags = set(string), price = number, quantity = number }))
  }
}

catalog "store" {
  key    = "id"
  source = file("stores.csv")
}

catalog "bread" {
  key    = "sku"
  source = file("products.csv")
}

catalog "week" {
  key    = "week"
  source = file("weeks.csv")
}

topic "weekly_special" {
  description = "What we bake this week"
}

topic "offers" {
  description = "A treat now and then"
}

topic "receipts" {
  description   = "Orders and deliveries"
  transactional = true
}
