import Results

extension LayerBudgets {
  /// A table by layer, to be laid out.
  package static func document(_ found: [LayerBudgets], target: Double) -> Document {
    Document(
      found.flatMap { budgets -> [Document.Block] in
        [
          .lines([
            "\(budgets.label), \(budgets.trace): the smallest stored budget of each layer with an output error of at most \(target)"
          ]),
          .table(
            TextTable(
              budgets.layers,
              [
                .right("layer") { "\($0.layer)" },
                .right("budget") { $0.budget ?? "none" },
                .right("tokens") { NumberText.decimal($0.tokens, places: 0) },
                .right("output error") { NumberText.decimal($0.outputError) },
              ])),
          .notes(budgets.notes),
        ]
      })
  }

  private var notes: [String] {
    var notes = ["stored budgets: \(budgets.joined(separator: ", "))"]
    if let meanTokens {
      let alike =
        uniformTokens.map { ", where one budget for all takes \(NumberText.decimal($0, places: 0))" } ?? ""
      notes.append(
        "a budget for each layer takes \(NumberText.decimal(meanTokens, places: 0)) tokens in the mean\(alike)"
      )
    }
    if layers.contains(where: { $0.budget == nil }) {
      notes.append("none: no stored budget meets the target there; the error is that of the largest")
    }
    return notes
  }

  /// A line of csv and jsonl.
  package struct Row: Encodable {
    let label: String
    let textTitle: String
    let layer: Int
    let budget: String?
    let selected: Double?
    let outputError: Double?
  }

  package var rows: [Row] {
    layers.map {
      Row(
        label: label, textTitle: trace, layer: $0.layer, budget: $0.budget, selected: $0.tokens,
        outputError: $0.outputError)
    }
  }
}
