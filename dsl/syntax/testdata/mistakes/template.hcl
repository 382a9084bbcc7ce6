message "a" {
  subject = "Hello ${upper("x"} there"
}

message "b" {
  subject = "Hello ${profile.first_name there"
}

message "c" {
  body = <<-EOT
    price: ${ variable.price
  EOT
}

message "d" {
  body = <<EOT
never closed
}
