import Attention
import CKernels

/// An instruction set that the kernels are written for.
public enum InstructionSet: String, CaseIterable, Sendable, Codable {
  case portable, avx2, avx512, neon

  /// The sets this processor can run, slowest first.
  public static var available: [InstructionSet] {
    allCases.filter { fs_kernels_named($0.rawValue) != nil }
  }

  /// The fastest set this processor can run, or the one that the environment variable `FASA_SIM_ISA` names, by which whole
  /// test suites run under another set.
  public static var best: InstructionSet {
    InstructionSet(rawValue: String(cString: fs_kernels_best().pointee.name)) ?? .portable
  }
}

/// An instruction set was asked for that this build or this processor lacks.
public struct UnavailableInstructionSet: ExplainedError {
  public let asked: InstructionSet

  public var place: String { "instruction set '\(asked.rawValue)'" }
  public var expected: String { "one that this processor and this build have" }
  public var found: String { "one that they lack" }
  public var advice: String? {
    "choose from \(InstructionSet.available.map(\.rawValue).joined(separator: ", "))"
  }
}
