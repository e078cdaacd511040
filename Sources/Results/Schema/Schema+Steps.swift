import GRDB

extension Schema {
  /// Version 3: steps are decode steps from 0, as the command line counts them; before, they were rows of the trace's query
  /// tensors, those of the prompt included.
  ///
  /// How many rows lie in the prompt follows where a scope scored as many successive rows as the trace has decode
  /// tokens: they are all of them, and the first is step 0. A trace without such a scope keeps its numbers, and its
  /// scopes say so: `traced queries 64-95`.
  static func countDecodeSteps(_ db: Database) throws {
    let scopes = try Row.fetchAll(
      db,
      sql: """
        SELECT scopes.id, trace, steps, step_count, decode_tokens FROM scopes JOIN traces ON traces.id = trace
        """)
    var prompts: [Int64: Int] = [:]
    for row in scopes {
      guard let first = try first(row),
        try row.value("step_count") == row.value("decode_tokens") as Int
      else { continue }
      prompts[try row.value("trace")] = first
    }
    // All at once first, so that a new name never meets an old one.
    try db.execute(sql: "UPDATE scopes SET steps = 'traced queries ' || steps")
    for row in scopes {
      guard let prompt = try prompts[row.value("trace")], let ranges = try numbers(row.value("steps")),
        ranges.allSatisfy({ $0.lowerBound >= prompt })
      else { continue }
      try renumber(row.value("id"), less: prompt, db)
      let steps = ranges.map { range in
        let (low, high) = (range.lowerBound - prompt, range.upperBound - prompt)
        return low == high ? "\(low)" : "\(low)-\(high)"
      }
      try db.execute(
        sql: "UPDATE scopes SET steps = ? WHERE id = ?",
        arguments: [steps.joined(separator: ","), row.value("id") as Int64])
    }
    try db.execute(
      sql: """
        UPDATE scopes SET positions = low || CASE WHEN low < high THEN '-' || high ELSE '' END
        FROM (SELECT scope, min(position) AS low, max(position) AS high, count(DISTINCT position) AS number
          FROM steps JOIN configurations ON id = configuration GROUP BY scope) AS found
        WHERE found.scope = scopes.id AND number = high - low + 1
        """)
  }

  /// The first row of a scope of successive rows; nil for another.
  private static func first(_ scope: Row) throws -> Int? {
    guard let ranges = try numbers(scope.value("steps")), ranges.count == 1 else { return nil }
    return try ranges[0].count == scope.value("step_count") as Int ? ranges[0].lowerBound : nil
  }

  /// `0-3,7`; nil for what is no such list, or of more than any trace holds.
  private static func numbers(_ text: String) -> [ClosedRange<Int>]? {
    var ranges: [ClosedRange<Int>] = []
    for part in text.split(separator: ",") {
      let ends = part.split(separator: "-").map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, 0 <= first, first <= last,
        last < 1 << 40
      else { return nil }
      ranges.append(first...last)
    }
    return ranges.isEmpty ? nil : ranges
  }

  /// By way of numbers that no step has, since the key holds while rows change one by one.
  private static func renumber(_ scope: Int64, less count: Int, _ db: Database) throws {
    if count == 0 { return }
    let apart = 1 << 40
    let own = "configuration IN (SELECT id FROM configurations WHERE scope = ?)"
    try db.execute(sql: "UPDATE steps SET step = step + ? WHERE \(own)", arguments: [apart, scope])
    try db.execute(sql: "UPDATE steps SET step = step - ? WHERE \(own)", arguments: [apart + count, scope])
  }
}
