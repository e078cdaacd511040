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
    computeEfficiency = try fields.number("compute_efficiency", unit: "the peak", range: 0.001...1)
    dense = try Dense(fields.inner("dense"))
    sparse = try Sparse(fields.inner("sparse"))
    calibration = try fields.optionalInner("calibration").map { try KernelCalibration($0) }
    try fields.finish()
  }
}

private let efficiencies = 0.001...1.5
private let costs = 0...1e12

extension KernelSet.Dense {
  fileprivate init(_ fields: FieldReader) throws {
    launchNs = try fields.number("launch_ns", unit: "nanoseconds", range: costs)
    latencyNs = try fields.number("latency_ns", unit: "nanoseconds", range: costs)
    streamEfficiency = try fields.number("stream_efficiency", unit: "the bandwidth", range: efficiencies)
    try fields.finish()
  }
}

extension KernelSet.Sparse {
  fileprivate init(_ fields: FieldReader) throws {
    launchNs = try fields.number("launch_ns", unit: "nanoseconds", range: costs)
    splitSelectLaunchNs = try fields.number("split_select_launch_ns", unit: "nanoseconds", range: costs)
    latencyNs = try fields.number("latency_ns", unit: "nanoseconds", range: costs)
    streamEfficiency = try fields.number("stream_efficiency", unit: "the bandwidth", range: efficiencies)
    selectPasses = try fields.number("select_passes", unit: "passes", range: 0...10_000)
    serialNsPerToken = try fields.number("serial_ns_per_token", unit: "nanoseconds", range: costs)
    gatherEfficiency = try fields.list("gather_efficiency").map { point in
      let result = KernelSet.Point(
        rowBytes: try point.number("row_bytes", unit: "bytes"),
        efficiency: try point.number("efficiency", unit: "the bandwidth", range: efficiencies))
      try point.finish()
      return result
    }.sorted { $0.rowBytes < $1.rowBytes }
    try fields.finish()
  }
}

extension KernelCalibration {
  fileprivate init(_ fields: FieldReader) throws {
    method = try fields.word("method")
    machine = try fields.word("machine")
    bandwidthBytesPerSecond = try fields.number("bandwidth_bytes_per_s", unit: "bytes per second")
    data = try fields.word("data")
    heldOut = try ModelError(fields.inner("held_out"))
    otherMachine = try fields.optionalInner("other_machine").map { try ModelError($0) }
    try fields.finish()
  }
}

extension ModelError {
  fileprivate init(_ fields: FieldReader) throws {
    median = try fields.number("median_relative_error", unit: "the measured time", range: 0...1e6)
    p90 = try fields.number("p90_relative_error", unit: "the measured time", range: 0...1e6)
    signedMean = try fields.number("signed_mean_relative_error", unit: "the measured time", range: -1...1e6)
    cases = Int(try fields.number("cases", unit: "measurements", range: 1...1e9))
    try fields.finish()
  }
}
