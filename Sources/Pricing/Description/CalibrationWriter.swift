extension KernelCalibration {
  var fields: FieldWriter {
    var fields = FieldWriter()
    fields.text("method", method)
    fields.text("data", data)
    fields.list(
      "machines",
      machines.map { machine in
        var fields = FieldWriter()
        fields.text("name", machine.name)
        fields.number("bandwidth_bytes_per_s", machine.bandwidthBytesPerSecond)
        return fields
      })
    fields.text("maker", maker)
    fields.list("errors", errors.map(\.fields))
    return fields
  }
}

extension KernelCalibration.HeldOut {
  fileprivate var fields: FieldWriter {
    var fields = FieldWriter()
    fields.word("of", kind.rawValue)
    fields.text("machine", machine)
    fields.number("median_relative_error", error.median)
    fields.number("p90_relative_error", error.p90)
    fields.number("signed_mean_relative_error", error.signedMean)
    fields.number("cases", Double(error.cases))
    return fields
  }
}
