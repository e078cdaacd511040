import Pricing

extension TableComparison {
  init(_ table: PublishedTimes, path: String, _ bundled: BundledKernels) {
    var leftOut: [String: Int] = [:]
    var predictions: [Prediction] = []
    for row in table.rows {
      if case .nothing(let why) = row.work {
        leftOut[why, default: 0] += 1
        continue
      }
      guard let machine = bundled.machine(row.machine) else {
        leftOut[Self.noMachine, default: 0] += 1
        continue
      }
      let models = bundled.models(of: machine)
      guard models.contains(where: { $0 != nil }) else {
        leftOut["of \(machine.name), whose kernels no set is of", default: 0] += 1
        continue
      }
      predictions.append(
        Prediction(
          labels: [row.kind, machine.name], shape: row.shape, isFromMemory: nil, unit: row.work.unit,
          measured: row.value, predicted: models.map { $0.flatMap(row.work.predicted) }))
    }
    let fitted = bundled.fitted(to: Set(predictions.map { $0.labels[1] })).map(\.name)
    self.init(
      path: path, kind: .published, labels: ["kind", "machine"], shortLabels: ["kind"],
      sets: bundled.sets.map(\.name), predictions: predictions, leftOut: leftOut,
      notes: fitted.isEmpty
        ? []
        : [
          "\(fitted.joined(separator: ", ")): fitted to some of these rows, too, by the machines that their files name; those errors are not on held-out measurements, which stand in the kernel set's file"
        ])
  }
}

extension PublishedTimes.Work {
  var unit: String {
    switch self {
    case .kernel: "µs"
    case .pages: TableComparison.speedUp
    case .step: "ms"
    case .nothing: ""
    }
  }

  func predicted(_ model: CostModel) -> Double? {
    switch self {
    case .kernel(let call): call.microseconds(model)
    case .pages(let call): call.speedUp(model)
    case .step(let step): step.milliseconds(model)
    case .nothing: nil
    }
  }
}
