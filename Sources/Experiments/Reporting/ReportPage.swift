import CReportPage
import Foundation
import Results
import Simulator

/// The one HTML file of a report: template, style, scripts, chart specifications and data put together.
///
/// Its parts are compiled into this program (`Sources/CReportPage`), so that a copied binary is enough.
public struct ReportPage {
  let title: String
  let report: Report

  public init(title: String, report: Report) {
    self.title = title
    self.report = report
  }

  /// Scripts in the order in which they build on one another.
  static let scripts = [
    "data", "view", "draw", "opening", "charts", "machines", "tables", "provenance", "live", "controls",
  ].map { "\($0).js" }

  /// The page's UTF-8.
  public func html() throws -> Data {
    let data = try FiniteJSON.text(PackedReport(report), [])
    let scripts = try Self.scripts.map { try Self.file($0) }.joined()
    let parts = [
      "version": ToolVersion.current, "title": Self.escaped(title), "style": try Self.file("page.css"),
      "data": Self.inScript(data), "charts": Self.inScript(try Self.charts()),
      // Compressed, a third of its size; browsers unpack it themselves.
      "vega": Data(try Self.bytes("vega.min.js.gz")).base64EncodedString(),
      // A function's scope, so that the page's names are not the window's; what waits for the library waits in it.
      "script": "\"use strict\";\n(async () => {\n\(scripts)})();\n",
      "licences": Self.escaped(try Self.file("LICENSES.txt")),
    ]
    return Data(try Self.filled(try Self.file("page.html"), parts).utf8)
  }

  /// A file of the page as text.
  static func file(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  private static func bytes(_ name: String) throws -> UnsafeBufferPointer<UInt8> {
    guard let file = report_page_file(name) else {
      throw ReplayError(
        "the report's page", expected: name, found: "none in this build", advice: "build fasa-sim again")
    }
    return UnsafeBufferPointer(start: file.pointee.bytes, count: file.pointee.count)
  }

  /// The chart specifications as one JSON object by name.
  private static func charts() throws -> String {
    var members: [String] = []
    var place = 0
    while let file = report_page_file_at(place) {
      place += 1
      let name = String(cString: file.pointee.name)
      guard name.hasPrefix("charts/"), name.hasSuffix(".json") else { continue }
      members.append("\"\(name.dropFirst("charts/".count).dropLast(".json".count))\":\(try Self.file(name))")
    }
    return "{\(members.joined(separator: ","))}"
  }

  /// The template with each `{{name}}` replaced, once: what is put in is not looked through again.
  static func filled(_ template: String, _ parts: [String: String]) throws -> String {
    var pieces = template.components(separatedBy: "{{")
    var result = pieces.removeFirst()
    for piece in pieces {
      guard let end = piece.range(of: "}}"), let part = parts[String(piece[..<end.lowerBound])] else {
        throw ReplayError(
          "the report's page", expected: "known parts between braces", found: "another",
          advice: "build fasa-sim again")
      }
      result += part
      result += piece[end.upperBound...]
    }
    return result
  }

  /// JSON that may stand in a script element: nothing in it can end the element or open a comment.
  static func inScript(_ json: String) -> String { json.replacingOccurrences(of: "<", with: "\\u003c") }

  /// Text that may stand in HTML.
  static func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
  }
}
