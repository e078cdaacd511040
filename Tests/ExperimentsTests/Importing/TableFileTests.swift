import Foundation
import Pricing
import TestSupport
import Testing

@testable import Experiments

@Suite struct TableFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func aFolderIsSearched() throws {
    let rows = [PublishedTable.row()]
    let found = try [
      folder.table(rows, machine: "l40s"), folder.table(rows, name: "generation_attention_perf.parquet"),
      folder.table(rows, under: "vllm/0.11.0", name: "generation_attention_perf.csv"),
    ]
    try folder.table(rows, name: "context_attention_perf.txt")
    try folder.table(rows, name: "notes.csv")
    let files = try TableFile.all(at: folder.path("data"))
    #expect(Set(files.map(\.path)) == Set(found) && files.filter(\.isParquet).count == 1)
    #expect(files.map(\.path) == files.map(\.path).sorted())
    #expect(try TableFile.all(at: folder.path("data") + "/") == files)
    #expect(try TableFile.all(at: found[0]).map(\.path) == [found[0]])
  }

  @Test func whatIsNoTableIsRefused() throws {
    _ = try folder.file(Data(), "t.json")
    let lfs = try folder.file(Data("version https://git-lfs.github.com/spec/v1\noid\n".utf8), "lfs.parquet")
    let fake = try folder.file(Data("a,b\n".utf8), "fake.parquet")
    let cases: [(() throws -> Void, String)] = [
      ({ _ = try TableFile.all(at: self.folder.path("nowhere")) }, "found none"),
      ({ _ = try TableFile.all(at: self.folder.path("")) }, "found none below it"),
      ({ _ = try TableFile.all(at: self.folder.path("t.json")) }, "ends in .parquet, .txt or .csv"),
      ({ _ = try TableFile.all(at: "/dev/zero") }, "a pipe or a device"),
      ({ _ = try TableFile(path: lfs).text() }, "git lfs pull"),
      ({ _ = try TableFile(path: fake).text() }, "begins with PAR1"),
      ({ _ = try TableFile(path: self.folder.path("x.csv")).text() }, "a file that can be read"),
    ]
    for (attempt, part) in cases {
      let error = #expect(throws: PricingError.self) { try attempt() }
      #expect(error?.description.contains(part) == true, "\(String(describing: error))")
    }
  }
}
