import Attention
import Pricing
import Simulator

extension PricedMachine {
  /// The kernel set that machines are priced with which neither have kernels of their own nor name a set.
  public static let defaultKernels = "vllm"
  /// Kernels of before, launched one by one: beside the default they show how far an answer is one of kernels.
  public static let earlierKernels = "triton"

  /// Bundled machines or files by name, each once: with the named sets, else with its own kernels, the set that it names,
  /// or the default.
  ///
  /// - Parameters:
  ///   - kernels: names of kernel sets; none for each machine's own.
  ///   - withEarlier: whether machines that are priced with the default set are priced with ``earlierKernels`` too.
  /// - Throws: `PricingError` where a name is not known, a file is wrong, or a processor is to use kernels of GPUs.
  public static func named(_ names: [String], kernels: [String] = [], withEarlier: Bool = false) throws
    -> [PricedMachine]
  {
    var named: Set<String> = []
    let sets = try kernels.filter { named.insert($0).inserted }.map(HardwareLocator.kernels)
    var seen: Set<String> = []
    let machines = try names.filter { seen.insert($0).inserted }.flatMap { name in
      try priced(name, sets, withEarlier: withEarlier).map { (file: name, machine: $0) }
    }
    // Rows are told apart by the names that files give themselves.
    for (_, alike) in Dictionary(grouping: machines, by: \.machine.name).sorted(by: { $0.key < $1.key })
    where alike.count > 1 {
      let isOfSets = Set(alike.map(\.file)).count == 1
      throw PricingError(
        isOfSets ? kernels.joined(separator: ", ") : alike.map(\.file).joined(separator: ", "),
        expected: "\(isOfSets ? "kernel sets" : "machines") of names of their own",
        found:
          "'\(isOfSets ? alike[0].machine.kernels.name : alike[0].machine.machine.name)' \(alike.count) times",
        advice: "leave one out, or give it another name in its file")
    }
    return machines.map(\.machine)
  }

  /// One machine with each of the sets, or with what serves it where there are none.
  private static func priced(_ name: String, _ sets: [KernelSet], withEarlier: Bool) throws
    -> [PricedMachine]
  {
    let machine = try HardwareLocator.machine(name)
    if let own = machine.kernels { return [PricedMachine(machine: machine, kernels: own)] }
    guard sets.isEmpty else { return try sets.map { try priced(machine, $0, name: name) } }
    let isDefault = machine.kernelSet == nil
    let usual = try HardwareLocator.kernels(machine.kernelSet ?? defaultKernels)
    let own = try priced(machine, usual, name: name)
    guard withEarlier, isDefault else { return [own] }
    let earlier = try HardwareLocator.kernels(earlierKernels)
    return [own, PricedMachine(machine: machine, kernels: earlier, isEarlier: true)]
  }

  private static func priced(_ machine: HardwareDescription, _ set: KernelSet, name: String) throws
    -> PricedMachine
  {
    guard set.launchesAhead == (machine.kind == .gpu) else {
      let (own, other) = machine.kind == .gpu ? ("GPUs", "processors") : ("processors", "GPUs")
      throw PricingError(
        name, expected: "kernels of its own, or a kernel set of \(own)",
        found: "none in its file, and the set '\(set.name)' of \(other)",
        advice: "name a kernel set of \(own), or measure the machine (fasa-sim hardware measure)")
    }
    return PricedMachine(machine: machine, kernels: set)
  }

  /// How far off its prices of one kind are.
  func errorText(of kind: PriceKind, at geometry: PricedGeometry) -> String {
    error(of: kind, at: geometry).map {
      "±\(NumberText.percent($0.median)) (90 %: ±\(NumberText.percent($0.p90)))"
    }
      ?? "not measured"
  }

  /// How far off its prices of some kinds are, as headings say it.
  func errorText(of kinds: [PriceKind], at geometry: PricedGeometry) -> String {
    guard kernels.calibration != nil else { return "error unknown" }
    return kinds.map { "\($0.rawValue) \(errorText(of: $0, at: geometry))" }.joined(separator: ", ")
  }
}
