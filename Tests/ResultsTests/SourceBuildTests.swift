import Attention
import Foundation
import Testing

@testable import Results

/// The digest that the build wrote is that of the sources that lie here.
struct SourceBuildTests {
  private let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Sources")
    .standardized

  private func hex(_ data: Data) -> String {
    SHA256Digest.hex(of: data)
  }

  /// As `sha256sum` lists them: digest, two spaces, path.
  private func list() throws -> [String] {
    let folders: Set = ["Attention", "CKernels", "Kernels", "Policies", "Simulator", "Traces"]
    let apart = ["Simulator/Exploration", "Simulator/Timing"]
    return try FileManager.default.subpathsOfDirectory(atPath: sources.path(percentEncoded: false))
      .filter { path in
        folders.contains(String(path.prefix { $0 != "/" })) && !apart.contains { path.hasPrefix($0 + "/") }
          && [".c", ".h", ".inc", ".swift"].contains { path.hasSuffix($0) }
      }
      .sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
      .map { "\(hex(try Data(contentsOf: sources.appending(path: $0))))  \($0)\n" }
  }

  @Test func isTheDigestOfTheSourcesThatDecide() throws {
    let list = try list()
    #expect(list.contains { $0.hasSuffix("  Policies/Selection/FASA.swift\n") })
    #expect(list.contains { $0.hasSuffix("  CKernels/exact.inc\n") })
    #expect(SourceBuild.digest == hex(Data(list.joined().utf8)))
  }

  /// What is left out reads results or takes times: nothing that computes may name it.
  @Test func whatIsLeftOutIsReadByNothingThatComputes() throws {
    let apart = ["Exploration", "Timing"].map { "Simulator/\($0)" }
    let declared = try apart.flatMap { folder in
      try FileManager.default.subpathsOfDirectory(
        atPath: sources.appending(path: folder).path(percentEncoded: false)
      )
      .filter { $0.hasSuffix(".swift") && !$0.contains("+") }.map { String($0.dropLast(".swift".count)) }
    }
    #expect(declared.contains("KernelTiming") && declared.contains("SearchSpace"))
    let computing = try FileManager.default.subpathsOfDirectory(
      atPath: sources.appending(path: "Simulator").path(percentEncoded: false)
    )
    .filter { path in
      path.hasSuffix(".swift") && !apart.contains { "Simulator/\(path)".hasPrefix($0 + "/") }
    }
    for path in computing {
      let code = try String(contentsOf: sources.appending(path: "Simulator/\(path)"), encoding: .utf8)
        .split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
      let words = Set(
        code.joined(separator: "\n").split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init))
      #expect(words.isDisjoint(with: declared), "\(path): \(words.intersection(declared))")
    }
  }
}
