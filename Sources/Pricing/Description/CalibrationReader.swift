extension KernelCalibration {
  init(_ fields: FieldReader) throws {
    method = try fields.word("method")
    data = try fields.word("data")
    machines = try fields.list("machines").map { machine in
      let result = Machine(
        name: try machine.word("name"),
        bandwidthBytesPerSecond: try machine.number("bandwidth_bytes_per_s", unit: "bytes per second"))
      try machine.finish()
      return result
    }
    maker = try fields.optionalWord("maker")
    errors = try fields.list("errors").map { try HeldOut($0) }
    try fields.finish()
  }
}

extension KernelCalibration.HeldOut {
  fileprivate init(_ fields: FieldReader) throws {
    kind = try fields.choice("of", PriceKind.self)
    machine = try fields.optionalWord("machine")
    error = ModelError(
      median: try fields.number("median_relative_error", unit: "the measured time", range: 0...1e6),
      p90: try fields.number("p90_relative_error", unit: "the measured time", range: 0...1e6),
      signedMean: try fields.number("signed_mean_relative_error", unit: "the measured time", range: -1...1e6),
      cases: Int(try fields.number("cases", unit: "measurements", range: 1...1e9)))
    try fields.finish()
  }
}
