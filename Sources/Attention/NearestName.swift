/// Finds what a misspelt name was meant to be, and says so in one wording everywhere.
///
///     NearestName.advice(for: "qest", among: ["dense", "quest"])     // "did you mean 'quest'?"
///     NearestName.advice(for: "x", among: ["dense", "quest"])        // "choose from dense, quest"
public enum NearestName {
  /// Names that are shown where several are as near.
  private static let most = 3

  /// What to do about a name that is none of those there are: the nearest ones, else all.
  public static func advice(for text: String, among names: [String]) -> String {
    question(text, among: names) ?? "choose from \(names.joined(separator: ", "))"
  }

  /// `did you mean 'quest'?`; nil where no name is near.
  public static func question(_ text: String, among names: [String]) -> String? {
    let near = of(text, among: names).map { "'\($0)'" }
    guard let last = near.last else { return nil }
    let first = near.dropLast().joined(separator: ", ")
    return "did you mean \(first.isEmpty ? last : "\(first) or \(last)")?"
  }

  /// The names that begin with the text, if it has 3 letters or more; else those with the fewest edits, where these are at most a
  /// third of the letters. At most 3, in their order; none where none is that near.
  public static func of(_ text: String, among names: [String]) -> [String] {
    // No name is so long, and the comparison takes the product of both lengths.
    guard text.count <= 100 else { return [] }
    let (letters, candidates) = (Array(text.lowercased()), names.map { ($0, Array($0.lowercased())) })
    let begun = letters.count >= 3 ? candidates.filter { $1.starts(with: letters) }.map(\.0) : []
    if !begun.isEmpty { return Array(begun.prefix(most)) }
    let near = candidates.map { (name: $0, edits: edits(letters, $1), length: max($1.count, letters.count)) }
      .filter { 3 * $0.edits <= $0.length }
    let fewest = near.map(\.edits).min()
    return Array(near.filter { $0.edits == fewest }.map(\.name).prefix(most))
  }

  /// Letters put in, left out, changed or swapped with the next one (the optimal string alignment distance).
  private static func edits(_ a: [Character], _ b: [Character]) -> Int {
    var before = [Int](repeating: 0, count: b.count + 1)
    var row = Array(0...b.count)
    for i in a.indices {
      var next = [i + 1]
      for j in b.indices {
        var fewest = min(row[j] + (a[i] == b[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { fewest = min(fewest, before[j - 1] + 1) }
        next.append(fewest)
      }
      (before, row) = (row, next)
    }
    return row[b.count]
  }
}
