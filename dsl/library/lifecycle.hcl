# lifecycle: where a customer stands, by what they bought and when.
#
# Each segment leaves out whoever is in one before it, so that everybody is in
# one of the six and in no other, whatever a project puts in the place of one.
# Words in angle brackets are settings of the library block.

segment "<prefix>prospect" {
  description = "Has never bought"
  when        = "events.<purchase>.none()"
}

segment "<prefix>new" {
  description = "Bought first in the last <new>"
  when        = <<-CEL
    !segment.<prefix>prospect
      && events.<purchase>.any()
      && events.<purchase>.count() == events.<purchase>.within("<new>").count()
  CEL
}

segment "<prefix>loyal" {
  description = "Bought in the last <active>, and <loyal> times or more"
  when        = <<-CEL
    !segment.<prefix>prospect && !segment.<prefix>new
      && events.<purchase>.within("<active>").any()
      && events.<purchase>.count() >= <loyal>
  CEL
}

segment "<prefix>active" {
  description = "Bought in the last <active>"
  when        = <<-CEL
    !segment.<prefix>prospect && !segment.<prefix>new && !segment.<prefix>loyal
      && events.<purchase>.within("<active>").any()
  CEL
}

segment "<prefix>lapsed" {
  description = "Bought in the last <lapsed>, but not in the last <active>"
  when        = <<-CEL
    !segment.<prefix>prospect && !segment.<prefix>new && !segment.<prefix>loyal && !segment.<prefix>active
      && events.<purchase>.within("<lapsed>").any()
  CEL
}

segment "<prefix>churned" {
  description = "Bought, but not in the last <lapsed>"
  when        = <<-CEL
    !segment.<prefix>prospect && !segment.<prefix>new && !segment.<prefix>loyal
      && !segment.<prefix>active && !segment.<prefix>lapsed
  CEL
}
