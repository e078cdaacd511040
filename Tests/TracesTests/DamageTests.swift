import Foundation
import Testing

@testable import Traces

/// Cuts and changes files everywhere: each must give an error or the content as it was, and never a crash.
@Suite struct DamageTests {
  static let names = ["bare", "seekable", "table checksums", "stream", "stream of unknown size"]

  private static func file(_ name: String) throws -> [UInt8] {
    let trace = TraceBytes()
    return switch name {
    case "bare": try trace.safetensors
    case "seekable": try trace.seekable
    case "table checksums": try bytes(of: fixture("table-checksums.zst"))
    case "stream": try trace.zstd
    default: compress(try trace.safetensors, hasSize: false)
    }
  }

  /// What reading gives: the header and every layer, or nil for an error.
  private func outcome(_ path: String) throws -> (header: [String], layers: [[UInt8]])? {
    do {
      let trace = try Trace(path: path)
      let header = trace.tensors.map { "\($0.name) \($0.dtype) \($0.shape) \($0.offset)" }
      let small = ["\(trace.tokenIDs) \(trace.queryPositions)", trace.metadataJSON]
      try trace.verify()
      return (header + small, try layers(of: trace))
    } catch is TraceError {
      return nil
    }
  }

  @Test(arguments: names) func cutAtEveryByte(name: String) throws {
    let file = try Self.file(name)
    let folder = try TemporaryFolder()
    let whole = try #require(try outcome(folder.file(file)))
    for count in 0..<file.count {
      guard let read = try outcome(folder.file(Array(file[..<count]))) else { continue }
      // Without all of its seek table a file is a stream, and whole at one place only.
      #expect(read.header == whole.header && read.layers == whole.layers, "cut at \(count)")
      let table = Data(file).range(of: Data(SeekTable.skippableMagic.littleEndianBytes))
      #expect(count == table?.lowerBound)
    }
  }

  @Test(arguments: names) func aBitFlippedInEveryByte(name: String) throws {
    let file = try Self.file(name)
    let folder = try TemporaryFolder()
    let whole = try #require(try outcome(folder.file(file)))
    var harmless: Set<Int> = []
    for position in file.indices {
      // Where there is nothing to find a flip by, or much to flip, one bit of each byte will do.
      for bit in name == "table checksums" || name == "bare" ? position % 8..<position % 8 + 1 : 0..<8 {
        var flipped = file
        flipped[position] ^= 1 << UInt8(bit)
        guard let read = try outcome(folder.file(flipped)) else { continue }
        // A bare file has no checksum to find it by.
        if name != "bare" {
          #expect(
            read.header == whole.header && read.layers == whole.layers, "bit \(bit) of byte \(position)")
          harmless.insert(position)
        }
      }
    }
    print("\(name): flips that change no content are in bytes \(harmless.sorted()) of \(file.count)")
    #expect(harmless.count < file.count / 10)
  }

  @Test(arguments: names) func randomDamage(name: String) throws {
    let file = try Self.file(name)
    let folder = try TemporaryFolder()
    let whole = try #require(try outcome(folder.file(file)))
    var random = CounterRandom(seed: 2026, stream: [file.count])
    func below(_ limit: Int) -> Int { Int(random.next() % UInt64(max(limit, 1))) }
    for _ in 0..<1500 {
      var spoilt = file
      for _ in 0...below(4) {
        let start = below(spoilt.count)
        let end = min(spoilt.count, start + 1 + below(40))
        switch below(6) {
        case 0: spoilt.removeSubrange(start..<end)
        case 1: spoilt.insert(contentsOf: spoilt[start..<end], at: below(spoilt.count))
        case 2: for index in start..<end { spoilt[index] = UInt8(truncatingIfNeeded: random.next()) }
        case 3: for index in start..<end { spoilt[index] = 0xFF }
        case 4: for index in start..<end { spoilt[index] = UInt8(ascii: "9") }
        default: spoilt[start] = UInt8(truncatingIfNeeded: random.next())
        }
        if spoilt.isEmpty { spoilt = [0] }
      }
      guard let read = try outcome(folder.file(spoilt)), name != "bare" else { continue }
      #expect(read.header == whole.header && read.layers == whole.layers)
    }
  }
}
