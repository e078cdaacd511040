/// Finds what a misspelt name was meant to be.
enum NearestName {
  /// The name with the fewest edits, where those are at most a third of its letters; nil where none is that near.
  static func of(_ text: String, among names: [String]) -> String? {
    // No name is so long, and the comparison takes the product of both lengths.
    guard text.count <= 100 else { return nil }
    let near = names.map { (name: $0, edits: edits(Array(text), Array($0))) }.min { $0.edits < $1.edits }
    return near.flatMap { 3 * $0.edits <= max($0.name.count, text.count) ? $0.name : nil }
  }

  /// Letters put in, left out or changed (Levenshtein's distance).
  private static func edits(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let changed = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(changed, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
