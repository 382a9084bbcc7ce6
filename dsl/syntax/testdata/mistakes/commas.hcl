segment "a" {
  when = upper("x"
}

segment "b" {
  when = ["x" "y"]
}

message "c" {
  input "cart" { type = object({ sku = string, price = number, }
}

message "d" {
  sender = sender.bakery,
  topic  = topic.x
}

message "e" { channel = "email", topic = topic.x }

message "f" = {
}

message "g" {
  "channel" = "email"
}

message "h" {
  with = { a = 1, b = 2, a = 3 }
}

message "i" { subject = "a" body = "b" }

message "j" {
  subject =
}

message "k"
{
}
