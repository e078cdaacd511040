extension KernelSet {
  /// The YAML file that ``init(yaml:file:)`` reads back as this very set, its digest apart.
  public func yaml() throws -> String { try FieldWriter.text(fields) }

  var fields: FieldWriter {
    var fields = FieldWriter()
    fields.text("name", name)
    fields.text("title", title)
    fields.word("launches_ahead", "\(launchesAhead)")
    fields.number("compute_efficiency", computeEfficiency)
    fields.inner("dense", dense.fields)
    fields.inner("sparse", sparse.fields)
    fields.inner("calibration", calibration?.fields)
    return fields
  }
}

extension KernelSet.Dense {
  fileprivate var fields: FieldWriter {
    var fields = FieldWriter()
    fields.number("launch_ns", launchNs)
    fields.number("latency_ns", latencyNs)
    fields.number("stream_efficiency", streamEfficiency)
    return fields
  }
}

extension KernelSet.Sparse {
  fileprivate var fields: FieldWriter {
    var fields = FieldWriter()
    fields.number("launch_ns", launchNs)
    fields.number("split_select_launch_ns", splitSelectLaunchNs)
    fields.number("latency_ns", latencyNs)
    fields.number("stream_efficiency", streamEfficiency)
    fields.list(
      "gather_efficiency",
      gatherEfficiency.map { point in
        var fields = FieldWriter()
        fields.number("row_bytes", point.rowBytes)
        fields.number("efficiency", point.efficiency)
        return fields
      })
    fields.number("select_passes", selectPasses)
    fields.number("serial_ns_per_token", serialNsPerToken)
    return fields
  }
}

extension KernelCalibration {
  fileprivate var fields: FieldWriter {
    var fields = FieldWriter()
    fields.text("method", method)
    fields.text("machine", machine)
    fields.number("bandwidth_bytes_per_s", bandwidthBytesPerSecond)
    fields.text("data", data)
    fields.inner("held_out", heldOut.fields)
    fields.inner("other_machine", otherMachine?.fields)
    return fields
  }
}

extension ModelError {
  fileprivate var fields: FieldWriter {
    var fields = FieldWriter()
    fields.number("median_relative_error", median)
    fields.number("p90_relative_error", p90)
    fields.number("signed_mean_relative_error", signedMean)
    fields.number("cases", Double(cases))
    return fields
  }
}
