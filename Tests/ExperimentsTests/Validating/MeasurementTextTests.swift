import CZstd
import Foundation
import Pricing
import TestSupport
import Testing

@testable import Experiments

@Suite struct MeasurementTextTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func compressed(_ text: String) -> Data {
    let bytes = Array(text.utf8)
    var room = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
    let count = ZSTD_compress(&room, room.count, bytes, bytes.count, 3)
    return Data(room[..<count])
  }

  /// Longer than what the decoder gives at once, and in two frames.
  @Test func zstdIsUnpacked() throws {
    let text = (0..<60_000).map { "\($0 * 7919)" }.joined(separator: ",")
    let plain = try folder.file(Data(text.utf8), "t.csv")
    let path = try folder.file(compressed(text) + compressed("end"), "t.csv.zst")
    #expect(try MeasurementText.data(plain) == Data(text.utf8))
    #expect(try MeasurementText.data(path) == Data((text + "end").utf8))
  }

  @Test func whatIsNoTextIsRefused() throws {
    let whole = compressed(String(repeating: "a,b\n", count: 1000))
    let cases = [
      (try folder.file(Data(), "t.csv.gz"), "gunzip"),
      (try folder.file(Data("a,b\n".utf8), "plain.csv.zst"), "whole zstd frames"),
      (try folder.file(whole.dropLast(3), "cut.csv.zst"), "the end of the file within one"),
      (try folder.file(Data(), "empty.csv.zst"), "the end of the file within one"),
      (folder.path("nowhere.csv"), "no file that can be read"), ("/dev/zero", "no file that can be read"),
    ]
    for (path, part) in cases {
      let error = #expect(throws: PricingError.self) { try MeasurementText.data(path) }
      #expect(error?.description.contains(part) == true, "\(String(describing: error))")
    }
  }
}
