/// What a merge did.
package struct MergeReport: Encodable {
  package let database: String
  package let inputs: Int
  /// Of the merged database.
  package let configurations: Int
  package let added: Int
  package let alreadyThere: Int
  package let leftOut: [LeftOut]
  package let seconds: Double

  package struct LeftOut: Encodable {
    package let file: String
    package let reason: String
  }

  /// The report as a sentence.
  package var text: String {
    func count(_ number: Int, _ what: String) -> String {
      "\(NumberText.grouped(number)) \(what)\(number == 1 ? "" : "s")"
    }
    let out = leftOut.isEmpty ? "" : ", \(NumberText.grouped(leftOut.count)) left out"
    return
      "\(database): \(count(configurations, "configuration")), \(NumberText.grouped(added)) of them new, from \(count(inputs, "database"))\(out); \(NumberText.grouped(alreadyThere)) were there already; took \(NumberText.decimal(seconds, places: 1)) s"
  }
}
