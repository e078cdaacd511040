extension KernelSet {
  /// Reads a kernel set's YAML file.
  public init(path: String) throws { try self.init(yaml: try HardwareFile.text(path), file: path) }

  public init(yaml: String, file: String) throws {
    try self.init(try HardwareFile.fields(yaml, file: file))
    digest = HardwareFile.digest(yaml)
  }

  init(_ fields: FieldReader) throws {
    name = try fields.word("name")
    title = try fields.word("title")
    launchesAhead = try fields.flag("launches_ahead")
    computeEfficiency = try fields.efficiency("compute_efficiency", unit: "the peak", range: 0.001...1)
    dense = try Dense(fields.inner("dense"))
    sparse = try Sparse(fields.inner("sparse"))
    step = try fields.optionalInner("step").map { try StepCosts($0) }
    calibration = try fields.optionalInner("calibration").map { try KernelCalibration($0) }
    try fields.finish()
  }
}

extension FieldReader {
  func efficiency(
    _ name: String, unit: String = "the bandwidth", range: ClosedRange<Double> = 0.001...1.5
  ) throws -> Double {
    try number(name, unit: unit, range: range)
  }

  func nanoseconds(_ name: String) throws -> Double {
    try number(name, unit: "nanoseconds", range: 0...1e12)
  }
}

extension KernelSet.Sparse {
  fileprivate init(_ fields: FieldReader) throws {
    launchNs = try fields.nanoseconds("launch_ns")
    splitSelectLaunchNs = try fields.nanoseconds("split_select_launch_ns")
    rowSelect = try fields.optionalInner("select").map { try KernelSet.RowSelect($0) }
    if rowSelect == nil {
      selectPasses = try fields.number("select_passes", unit: "passes", range: 0...10_000)
      serialNsPerToken = try fields.nanoseconds("serial_ns_per_token")
    } else {
      (selectPasses, serialNsPerToken) = (0, 0)
    }
    let shares = try fields.optionalList("gather_share")
    followsDense = shares != nil
    latencyNs = try fields.nanoseconds(shares == nil ? "latency_ns" : "latency_beyond_dense_ns")
    streamEfficiency = try fields.efficiency(shares == nil ? "stream_efficiency" : "stream_share")
    let points = try shares ?? fields.list("gather_efficiency")
    gatherEfficiency = try points.map { point in
      let result = KernelSet.Point(
        rowBytes: try point.number("row_bytes", unit: "bytes"),
        efficiency: try shares == nil
          ? point.efficiency("efficiency") : point.efficiency("share", unit: "what dense attention reaches"))
      try point.finish()
      return result
    }.sorted { $0.rowBytes < $1.rowBytes }
    try fields.finish()
  }
}

extension KernelSet.RowSelect {
  fileprivate init(_ fields: FieldReader) throws {
    startNs = try fields.nanoseconds("start_ns")
    tokenNs = try fields.nanoseconds("token_ns")
    occupancy = try fields.number("occupancy", unit: "the machine's units", range: 0...100)
    efficiency = try fields.efficiency("efficiency")
    try fields.finish()
  }
}

extension StepCosts {
  fileprivate init(_ fields: FieldReader) throws {
    weightEfficiency = try fields.efficiency("weight_efficiency")
    fourBitEfficiency = try fields.optionalNumber(
      "weight_efficiency_4bit", unit: "the bandwidth", range: 0.001...1.5)
    computeEfficiency = try fields.efficiency("compute_efficiency", unit: "the peak")
    layerNs = try fields.nanoseconds("layer_ns")
    fixedNs = try fields.nanoseconds("fixed_ns")
    sequenceNs = try fields.nanoseconds("sequence_ns")
    reductionNs = try fields.optionalNumber("reduction_ns", unit: "nanoseconds", range: 0...1e12)
    tile = try fields.optionalNumber("tile", unit: "sequences", range: 1...1e6)
    try fields.finish()
  }
}
