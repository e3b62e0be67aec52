extension Schedule {
  /// The schedule in plain English, the OR rule and the zone included.
  public func explanation() -> String { text }
}
