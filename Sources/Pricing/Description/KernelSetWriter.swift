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
    fields.inner("step", step?.fields)
    fields.inner("calibration", calibration?.fields)
    return fields
  }
}

extension KernelSet.Sparse {
  fileprivate var fields: FieldWriter {
    var fields = FieldWriter()
    fields.number("launch_ns", launchNs)
    fields.number("split_select_launch_ns", splitSelectLaunchNs)
    fields.number(followsDense ? "latency_beyond_dense_ns" : "latency_ns", latencyNs)
    fields.number("stream_efficiency", streamEfficiency)
    fields.list(
      followsDense ? "gather_share" : "gather_efficiency",
      gatherEfficiency.map { point in
        var fields = FieldWriter()
        fields.number("row_bytes", point.rowBytes)
        fields.number(followsDense ? "share" : "efficiency", point.efficiency)
        return fields
      })
    guard let rowSelect else {
      fields.number("select_passes", selectPasses)
      fields.number("serial_ns_per_token", serialNsPerToken)
      return fields
    }
    fields.inner("select", rowSelect.fields)
    return fields
  }
}

extension KernelSet.RowSelect {
  fileprivate var fields: FieldWriter {
    var fields = FieldWriter()
    fields.number("start_ns", startNs)
    fields.number("token_ns", tokenNs)
    fields.number("occupancy", occupancy)
    fields.number("efficiency", efficiency)
    return fields
  }
}

extension StepCosts {
  fileprivate var fields: FieldWriter {
    var fields = FieldWriter()
    fields.number("weight_efficiency", weightEfficiency)
    fields.number("weight_efficiency_4bit", fourBitEfficiency)
    fields.number("compute_efficiency", computeEfficiency)
    fields.number("layer_ns", layerNs)
    fields.number("fixed_ns", fixedNs)
    fields.number("sequence_ns", sequenceNs)
    fields.number("reduction_ns", reductionNs)
    fields.number("tile", tile)
    return fields
  }
}
