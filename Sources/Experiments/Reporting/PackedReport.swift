import Results

/// A report's data as its page carries them: tables by column, heat maps as text.
struct PackedReport: Encodable {
  let traces, scopes, runs, configurations, traffic, denseTraffic, headMaps, stages, modelled,
    live, asked: PackedTable
  /// Which layer and which query head each cell of a head map is of; many maps share one.
  let shapes: [Shape]
  let profiles: [Profile]
  let counts: Report.Counts

  struct Shape: Encodable, Hashable {
    let layers: [Int]
    let columns: [Int]
  }

  private struct HeadMap {
    let configuration: Int64
    let shape: Int
    let recall: String
    let outputError: String
  }

  struct Profile: Encodable {
    let digest: String
    let modelName: String
    let slices: String
    let texts: [String]
    let windows: [Window]

    struct Window: Encodable {
      let window: Int
      let heads: Grid
      let chunks: Grid
    }

    /// A heat map that shares its shape with no other.
    struct Grid: Encodable {
      let layers: [Int]
      let columns: [Int]
      let cells: String

      init(_ cells: [Report.Profile.Cell]) {
        layers = cells.map(\.layer)
        columns = cells.map(\.column)
        self.cells = CellText.of(cells.map(\.value))
      }
    }
  }

  init(_ report: Report) {
    traces = PackedTable(report.traces)
    scopes = PackedTable(report.scopes)
    runs = PackedTable(report.runs)
    configurations = PackedTable(report.configurations)
    traffic = PackedTable(report.traffic)
    denseTraffic = PackedTable(report.denseTraffic)
    stages = PackedTable(report.stages)
    modelled = PackedTable(report.modelled)
    live = PackedTable(report.live)
    asked = PackedTable(report.asked)
    counts = report.counts
    var places: [Shape: Int] = [:]
    var shapes: [Shape] = []
    headMaps = PackedTable(
      report.headMaps.map { map in
        let shape = Shape(layers: map.layers, columns: map.queryHeads)
        let place = places[shape] ?? shapes.count
        if place == shapes.count {
          places[shape] = place
          shapes.append(shape)
        }
        return HeadMap(
          configuration: map.configuration, shape: place, recall: CellText.of(map.recall),
          outputError: CellText.of(map.outputError))
      })
    self.shapes = shapes
    profiles = report.profiles.map { profile in
      Profile(
        digest: profile.digest, modelName: profile.modelName, slices: profile.slices, texts: profile.texts,
        windows: profile.windows.map {
          Profile.Window(
            window: $0.window, heads: Profile.Grid($0.heads), chunks: Profile.Grid($0.chunks))
        })
    }
  }
}
