import Pricing

extension TableComparison {
  static let noMachine = "of machines without a GPU's description"

  /// - Parameter kernels: names of those to look at; empty for all.
  init(_ table: DenseTable, path: String, kernels: [String], _ bundled: BundledKernels) {
    let checked = DenseTable.Checked(
      table.rows.filter { kernels.isEmpty || kernels.contains($0.kernel) }, bundled)
    let engines = Set(checked.rows.map(\.row.engineName))
    let predictions = checked.rows.map { row, machine in
      Prediction(
        labels: [machine.name, row.engine, "\(Int(row.call.elementBytes * 8)) bits"],
        shape: "\(row.kernel), \(row.call.shape)", isFromMemory: row.call.isFromMemory(of: machine),
        unit: "µs", measured: row.microseconds,
        predicted: bundled.models(of: machine).map { $0.map(row.call.microseconds) })
    }
    let own = bundled.fitted(to: Set(predictions.map { $0.labels[0] })).map(\.name).filter(engines.contains)
    self.init(
      path: path, kind: .dense, labels: ["machine", "engine", "cache"], shortLabels: ["engine", "cache"],
      sets: bundled.sets.map(\.name), predictions: predictions, leftOut: checked.leftOut,
      notes: [
        "from memory: keys and values are at least twice the last-level cache; of smaller ones it serves a part, as each call reads the same again",
        own.isEmpty
          ? nil
          : "\(own.joined(separator: ", ")): fitted to rows like these of the same engine, on the machines that their files name; those errors are not on held-out measurements, which stand in the kernel set's file",
      ].compactMap(\.self))
  }

  /// - Parameter kernels: names of those to look at; empty for all.
  init(_ table: StagesTable, path: String, kernels: [String], _ bundled: BundledKernels) {
    var leftOut: [String: Int] = [:]
    var predictions: [Prediction] = []
    for row in table.rows where kernels.isEmpty || kernels.contains(row.kernel) {
      guard let machine = bundled.machine(row.machine) else {
        leftOut[Self.noMachine, default: 0] += 1
        continue
      }
      predictions.append(
        Prediction(
          labels: [machine.name, StagesTable.select, row.scores],
          shape:
            "\(row.kernel), \(NumberText.grouped(row.call.rows)) rows of \(NumberText.grouped(row.call.candidates))",
          isFromMemory: nil, unit: "µs", measured: row.microseconds,
          predicted: bundled.models(of: machine).map { $0.map(row.call.microseconds) }))
    }
    for (stage, count) in table.others {
      leftOut["of the stage \(stage), kernels of 8-bit latent attention that the model does not price"] =
        count
    }
    let fitted = bundled.fitted(to: Set(predictions.map { $0.labels[0] })).filter {
      $0.sparse.rowSelect != nil
    }.map(\.name)
    self.init(
      path: path, kind: .stages, labels: ["machine", "stage", "scores"], shortLabels: ["stage", "scores"],
      sets: bundled.sets.map(\.name), predictions: predictions, leftOut: leftOut,
      notes: [
        "scores: the spread of those that a top-k was given; real ones lie between the two. Launches and latency are of all kernels of a step, and left out",
        fitted.isEmpty
          ? nil
          : "\(fitted.joined(separator: ", ")): fitted to rows like these, so that the errors are not on held-out measurements",
      ].compactMap(\.self))
  }
}
