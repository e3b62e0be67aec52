extension Schedule {
  /// Why `neverFires`, as one line: "never fires: no February has a day 30"; nil for schedules that fire.
  public var neverFiresReason: String? {
    guard neverFires, case .cron(let occurrences) = timetable else { return nil }
    return "never fires: nothing matches \(occurrences.expression.isWild)"
  }
}
