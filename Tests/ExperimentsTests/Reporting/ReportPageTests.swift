import CReportPage
import Foundation
import Testing

@testable import Experiments

@Suite struct ReportPageTests {
  /// What the page carries as it is must not end its script or open a comment in it.
  @Test func noScriptEndsItself() throws {
    for name in ReportPage.scripts {
      let text = try ReportPage.file(name).lowercased()
      for sign in ["</script", "<script", "<!--"] { #expect(!text.contains(sign), "\(name): \(sign)") }
    }
    #expect(try !ReportPage.file("page.css").contains("</style"))
  }

  @Test func everyChartIsJSON() throws {
    var (place, charts) = (0, 0)
    while let file = report_page_file_at(place) {
      place += 1
      let name = String(cString: file.pointee.name)
      guard name.hasPrefix("charts/") else { continue }
      charts += 1
      #expect(throws: Never.self, "\(name)") {
        _ = try JSONSerialization.jsonObject(with: Data(ReportPage.file(name).utf8))
      }
    }
    #expect(charts == 7)
  }

  @Test func aTemplateIsFilledOnce() throws {
    #expect(try ReportPage.filled("a {{x}} {{y}}", ["x": "{{y}}", "y": "b"]) == "a {{y}} b")
    #expect(throws: (any Error).self) { try ReportPage.filled("{{z}}", ["x": ""]) }
  }
}
