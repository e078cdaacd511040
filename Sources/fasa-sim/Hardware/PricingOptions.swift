import ArgumentParser
import Attention
import Hardware
import Simulator
import Traces

/// `1k..1m` or `4k,64k`: counts of tokens or sequences, k and m binary; a range goes up in fours.
struct CountRange: ExpressibleByArgument {
  let values: [Int]

  init(_ values: [Int]) { self.values = values }

  init?(argument: String) {
    var values: [Int] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = String(part).components(separatedBy: "..").map(Self.count)
      guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first <= last else {
        return nil
      }
      var value = first
      while value < last {
        values.append(value)
        value *= 4
      }
      values.append(last)
    }
    guard !values.isEmpty else { return nil }
    self.values = Array(Set(values)).sorted()
  }

  private static func count(_ text: String) -> Int? {
    let units = ["k": 1024, "m": 1_048_576]
    let unit = text.last.flatMap { units[$0.lowercased()] }
    guard let number = Int(unit == nil ? text[...] : text.dropLast()), number > 0 else { return nil }
    let (value, overflows) = number.multipliedReportingOverflow(by: unit ?? 1)
    return overflows || value > 1 << 40 ? nil : value
  }

  var defaultValueDescription: String { values.map(CountText.of).joined(separator: ",") }
}

/// `64k` for 65,536.
enum CountText {
  static func of(_ count: Int) -> String {
    if count >= 1_048_576, count % 1_048_576 == 0 { return "\(count / 1_048_576)m" }
    if count >= 1024, count % 1024 == 0 { return "\(count / 1024)k" }
    return "\(count)"
  }
}

/// Machines, and the kernels that they are priced with.
struct PricingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Machines to price: bundled names or .yaml files; repeat or separate by commas. See fasa-sim hardware list.",
      valueName: "name,…"), completion: .file())
  var hardware: [String] = []

  @Option(
    help: ArgumentHelp(
      "Kernel set of machines that were not measured themselves, or a .yaml file. See fasa-sim hardware list.",
      valueName: "name"))
  var kernels = Self.defaultKernels

  @Option(help: "How the heads of a KV head read: each for itself, or their union once.")
  var reading: Reading = .groupUnion

  static let defaultKernels = "triton"

  func machines() throws -> [PricedMachine] {
    try PricedMachine.named(hardware.flatMap { $0.split(separator: ",").map(String.init) }, kernels: kernels)
  }
}

extension PricedMachine {
  /// Bundled machines or files by name, each with its own kernels or else with the named set.
  static func named(_ names: [String], kernels: String) throws -> [PricedMachine] {
    guard !names.isEmpty else { return [] }
    let set = try HardwareLocator.kernels(kernels)
    var seen: Set<String> = []
    return try names.filter { seen.insert($0).inserted }.map { name in
      let machine = try HardwareLocator.machine(name)
      guard machine.kernels != nil || machine.kind == .gpu || !set.launchesAhead else {
        throw HardwareError(
          "\(name): its file has no kernels of its own, and the set '\(set.name)' is of GPUs: name a kernel set of processors with --kernels, or measure the machine (fasa-sim hardware measure)"
        )
      }
      return PricedMachine(machine: machine, kernels: machine.kernels ?? set)
    }
  }
}

extension Reading: ExpressibleByArgument {}
