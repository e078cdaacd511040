import Policies
import Results

extension WorstPlaces {
  /// Tables of layers, heads and steps, to be laid out.
  package static func document(_ found: [WorstPlaces], by order: Order) -> Document {
    let blocks = found.flatMap { places -> [Document.Block] in
      [.lines(["\(places.label), \(places.trace), the worst by \(order.rawValue.replacing("-", with: " "))"])]
        + [("layers", places.layers), ("query heads", places.heads), ("decode steps", places.steps)].flatMap {
          title, rows -> [Document.Block] in
          rows.isEmpty ? [] : [.heading(title), .table(table(rows))]
        }
    }
    let steps =
      found.contains(where: \.steps.isEmpty)
      ? ["no steps: an older fasa-sim stored means alone (replay it again)"] : []
    return Document(
      blocks + [
        .notes(["means over all that a line does not tell apart; decode steps are counted from 0"] + steps)
      ])
  }

  private static func table(_ rows: [Place]) -> TextTable {
    let hasKey = (
      layer: rows.contains { $0.layer != nil }, head: rows.contains { $0.queryHead != nil },
      step: rows.contains { $0.step != nil }
    )
    func number(_ value: Int?) -> String { value.map(NumberText.grouped) ?? "–" }
    let keys: [Column<Place>] =
      (hasKey.layer ? [.right("layer") { number($0.layer) }] : [])
      + (hasKey.head ? [.right("head") { number($0.queryHead) }] : [])
      + (hasKey.step ? [.right("step") { number($0.step) }, .right("position") { number($0.position) }] : [])
    return TextTable(
      rows,
      keys + [
        .right("output error") { NumberText.decimal($0.outputError) },
        .right("weighted", drop: 2) { NumberText.decimal($0.weightedOutputError) },
        .right("recall") { NumberText.decimal($0.recall) },
        .right("mass", drop: 1) { NumberText.decimal($0.mass) },
      ])
  }

  /// A line of csv and jsonl.
  package struct Row: Encodable {
    let label: String
    let textTitle: String
    let layer: Int?
    let queryHead: Int?
    let step: Int?
    let position: Int?
    let recall: Double?
    let mass: Double?
    let outputError: Double?
    let weightedOutputError: Double?
  }

  package var rows: [Row] {
    (layers + heads + steps).map {
      Row(
        label: label, textTitle: trace, layer: $0.layer, queryHead: $0.queryHead, step: $0.step,
        position: $0.position, recall: $0.recall, mass: $0.mass, outputError: $0.outputError,
        weightedOutputError: $0.weightedOutputError)
    }
  }
}
