topic "news" {}
topic "receipts" { transactional = true }
provider "mailbox" {}
sender "s" {
  from     = "S <s@example.com>"
  provider = provider.mailbox
}
profile {
  attribute "first_name" {
    type    = string
    default = "there"
  }
  attribute "age" { type = number }
  attribute "birthday" { type = date }
  attribute "dietary" {
    type   = set(string)
    one_of = ["vegan", "gluten_free"]
  }
}
event "order_completed" {
  name = "Order Completed"
  property "total" { type = number }
  property "cart_id" { type = string }
  property "items" { type = list(object({ sku = string, price = number })) }
}
event "cart_updated" {
  property "cart_id" { type = string }
  property "items" { type = list(object({ sku = string, price = number })) }
}
message "hello" {
  topic   = topic.news
  sender  = sender.s
  subject = "Hello"
  body    = "Leave: {{ unsubscribe_url }}"
}
message "cart" {
  topic   = topic.news
  sender  = sender.s
  subject = "Cart"
  body    = "Leave: {{ unsubscribe_url }}"
  input "cart" { type = event.cart_updated }
}
