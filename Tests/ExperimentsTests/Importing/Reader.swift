import Foundation

@testable import Experiments
@testable import Policies
@testable import Pricing
@testable import Results
@testable import Simulator
@testable import Traces

/// What reads bytes from outside. It may refuse them by throwing; a trap, a hang or memory without bounds is a finding.
///
/// Read by the tests and, by a link, by the fuzzer; each has its own way to make a file of bytes, and a trace that `external` chooses of.
enum Reader: String, CaseIterable {
  /// A trace as a file: container, seek table, header, metadata, and the tensors' bytes.
  case trace
  case header, metadata, profile, sweep, hardware, kernels, measurements, external, database, config, gguf

  /// Whether it was taken for what it should be, and not refused.
  @discardableResult func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    switch self {
    case .trace:
      return onFile(bytes) { path in
        let trace = try Trace(path: path)
        try trace.verify()
        _ = try trace.digest()
      }
    case .header:
      // A header alone, without the tensors that it tells of.
      var length = UInt64(bytes.count).littleEndian
      var file = withUnsafeBytes(of: &length) { Array($0) }
      file += bytes
      return file.withUnsafeBufferPointer { onFile($0) { _ = try Trace(path: $0) } }
    case .metadata:
      return attempt { _ = try TraceMetadata(json: String(decoding: bytes, as: UTF8.self), file: "t.zst") }
    case .profile: return onFile(bytes) { _ = try LoadedProfile(path: $0) }
    case .sweep:
      return attempt { _ = try SweepFile(path: "sweep.yaml").plan(String(decoding: bytes, as: UTF8.self)) }
    case .hardware:
      return attempt {
        _ = try HardwareDescription(yaml: String(decoding: bytes, as: UTF8.self), file: "m.yaml")
      }
    case .kernels:
      return attempt { _ = try KernelSet(yaml: String(decoding: bytes, as: UTF8.self), file: "k.yaml") }
    case .measurements: return attempt { _ = try MeasurementTable(Data(bytes), path: "m.csv") }
    case .external:
      guard let trace = Self.traceOfChoices else { return false }
      return onFile(bytes) { _ = try ExternalFile(path: $0, trace: trace).read() }
    case .database:
      return onFile(bytes) { path in
        let store = try ResultsStore(path: path, access: .readOnly, busyTimeout: 0)
        _ = try store.summaries()
        _ = try store.pairedDifferences("oracle", "quest")
      }
    case .config: return onFile(bytes) { _ = try ConfigJSON(path: $0) }
    case .gguf: return onFile(bytes) { _ = try GGUFModel(path: $0) }
    }
  }

  func attempt(_ body: () throws -> Void) -> Bool {
    do {
      try body()
      return true
    } catch {
      // What is told of it must be a text of some lines, whatever is in the bytes.
      precondition("\(error)".utf8.count < 20_000, "an error without end")
      return false
    }
  }
}
