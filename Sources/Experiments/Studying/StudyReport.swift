/// What a study made.
public struct StudyReport {
  let folder: String
  let database: String
  let page: String
  let profile: String?
  let traces: [String]
  let reports: [ReplayReport]

  public struct JSON: Encodable {
    let folder: String
    let report: String
    let profile: String?
    let captured: [String]
    let replay: ReplayReport.JSON
  }

  public var json: JSON {
    JSON(
      folder: folder, report: page, profile: profile, captured: traces,
      replay: ReplayReport.JSON(reports: reports, database: database))
  }

  public var text: String {
    let files = [page, database, profile].compactMap(\.self) + traces
    return
      (reports.map { $0.text(database: database) } + [
        "open \(page); also \(files.dropFirst().joined(separator: ", "))"
      ])
      .joined(separator: "\n\n")
  }
}
