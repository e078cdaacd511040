extension Schema {
  /// Version 12: runs know their machine by name, so that merged databases tell who computed what, and are found by when they
  /// began, as a merge looks for them.
  static let hostColumn = """
    ALTER TABLE runs ADD COLUMN host TEXT;
    CREATE INDEX runs_by_start ON runs (started_at);
    """
}
