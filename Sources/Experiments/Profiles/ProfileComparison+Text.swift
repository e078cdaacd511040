extension ProfileComparison {
  package var text: String { document.text() }

  /// The text, to be laid out.
  package var document: Document {
    var blocks: [Document.Block] = [
      .lines(["\(first.path) (\(first.digest.prefix(12))) and \(second.path) (\(second.digest.prefix(12)))"]),
      .table(summary),
    ]
    if let shown = kinds.first(where: { $0.window == shownWindow && $0.window != nil }) {
      blocks += [.heading("\(shown.title), by layer"), .table(Self.byLayer(shown))]
    }
    let all = notes + ["1 is alike; chance is what two that had nothing to do with each other would share"]
    return Document(blocks + [.notes(all)])
  }

  private var summary: TextTable {
    TextTable(
      kinds,
      [
        .left("kind") { $0.title },
        .left("measure") { $0.measure },
        .right("mean") { NumberText.decimal($0.mean) },
        .right("least") { NumberText.decimal($0.least.value) },
        .left("at") { $0.least.place },
        .right("chance") { NumberText.decimal($0.byChance) },
      ])
  }

  private struct Layer {
    let number: Int
    let heads: [Head]
  }

  private static func byLayer(_ kind: Kind) -> TextTable {
    let layers = Dictionary(grouping: kind.heads, by: \.layer).sorted { $0.key < $1.key }
      .map { Layer(number: $0.key, heads: $0.value) }
    return TextTable(
      layers,
      [
        .right("layer") { "\($0.number)" },
        .right("mean") { layer in
          NumberText.decimal(layer.heads.reduce(0) { $0 + $1.value } / Double(layer.heads.count))
        },
        .right("least") { NumberText.decimal($0.heads.map(\.value).min()) },
        .right("at head") { layer in
          layer.heads.min { $0.value < $1.value }.map { "\($0.head)" } ?? "–"
        },
      ])
  }
}

extension ProfileComparison.Kind {
  fileprivate var title: String { window.map { "\(name), K = \(NumberText.grouped($0))" } ?? name }
}

extension ProfileComparison.Head {
  /// Skip factors are of all layers.
  fileprivate var place: String {
    layer < 0 ? "\(10 * (head + 1)) % skipped" : "layer \(layer), head \(head)"
  }
}
