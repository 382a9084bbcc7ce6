# The tills write a file each night, in words of their own. `herald import -source till`
# reads it; a receipt counts once, however often its file is read.
source "till" {
  file  = "exports/till-*.csv"
  into  = event.order_completed
  row   = object({ receipt = string, card = string, shop = string, cents = number, state = string, paid_at = time })
  where = "row.state == 'paid'"
  key   = "row.receipt"
  at    = "row.paid_at"
  person { id = "row.card" }
  map = {
    total = "row.cents / 100"
    store = "row.shop"
  }
}
