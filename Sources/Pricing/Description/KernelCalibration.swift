import Attention

/// What a price is of. Kernels are measured apart, and the error of one kind says nothing of another's.
public enum PriceKind: String, Sendable, CaseIterable, Codable {
  /// Attention over rows that lie side by side: dense, or over what an evicting policy kept.
  case dense
  /// Pages of rows, chosen by scores of pages.
  case pages
  /// Single rows, chosen by scores of each.
  case tokens
  /// The top-k of tokens alone, of which a price of tokens is made beside other stages.
  case topK = "top-k"
  /// Codes, numbers of few bits, rows of the host's memory: no table has their kernels.
  case others
  /// A decode step of a whole model.
  case step
}

/// What a kernel set was fitted to, and how far it was off on measurements that the fit did not see.
public struct KernelCalibration: Sendable, Equatable {
  public struct Machine: Sendable, Equatable {
    /// As descriptions have it.
    public var name: String
    /// Its memory's: an edited description is another machine.
    public var bandwidthBytesPerSecond: Double

    public init(name: String, bandwidthBytesPerSecond: Double) {
      self.name = name
      self.bandwidthBytesPerSecond = bandwidthBytesPerSecond
    }

    public init(_ machine: HardwareDescription) {
      self.init(name: machine.name, bandwidthBytesPerSecond: machine.memory.bandwidthBytesPerSecond)
    }
  }

  /// The error of one kind of price.
  public struct HeldOut: Sendable, Equatable {
    public var kind: PriceKind
    /// Whose measurements were held out; nil where the fit saw nothing of the machine but its data sheet.
    public var machine: String?
    public var error: ModelError

    public init(_ kind: PriceKind, on machine: String? = nil, _ error: ModelError) {
      self.kind = kind
      self.machine = machine
      self.error = error
    }
  }

  public var method: String
  public var data: String
  public var machines: [Machine]
  /// Of all these machines: what errors on machines that no fit saw tell of others' is nothing. Nil where it is not said.
  public var maker: String?
  public var errors: [HeldOut]

  public init(
    method: String, data: String, machines: [Machine], maker: String? = nil, errors: [HeldOut]
  ) {
    self.method = method
    self.data = data
    self.machines = machines
    self.maker = maker
    self.errors = errors
  }

  public func isFitted(to machine: HardwareDescription) -> Bool {
    machines.contains {
      $0.name == machine.name
        && abs($0.bandwidthBytesPerSecond / machine.memory.bandwidthBytesPerSecond - 1) < 1e-4
    }
  }

  /// Of the machine itself where it was fitted, else of machines that no fit saw; nil where none was measured.
  public func error(of kind: PriceKind, on machine: HardwareDescription) -> ModelError? {
    let own = errors.first { $0.kind == kind && $0.machine == machine.name }
    if let own, isFitted(to: machine) { return own.error }
    return errorElsewhere(of: kind, on: machine)
  }

  /// Of machines of the same maker that no fit saw; nil where none was measured.
  public func errorElsewhere(of kind: PriceKind, on machine: HardwareDescription) -> ModelError? {
    guard maker == nil || maker == machine.maker else { return nil }
    return errors.first { $0.kind == kind && $0.machine == nil }?.error
  }
}

/// Relative error of predictions: (predicted − measured) / measured.
public struct ModelError: Sendable, Equatable, Codable {
  public var median: Double
  public var p90: Double
  public var signedMean: Double
  public var cases: Int

  public init(median: Double, p90: Double, signedMean: Double, cases: Int) {
    self.median = median
    self.p90 = p90
    self.signedMean = signedMean
    self.cases = cases
  }

  /// - Parameter pairs: predicted and measured times in one unit.
  public init(_ pairs: [(predicted: Double, measured: Double)]) {
    let errors = pairs.map { $0.predicted / $0.measured - 1 }
    let sizes = errors.map(abs).sorted()
    median = Quantile.of(0.5, sorted: sizes)
    p90 = Quantile.of(0.9, sorted: sizes)
    signedMean = errors.isEmpty ? .nan : errors.reduce(0, +) / Double(errors.count)
    cases = errors.count
  }
}
