segment "ümläut 日本" {
	when = “curly”
}

segment "b" {
  when = "日本語 \q after"
}
