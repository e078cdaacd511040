import Foundation
import GRDB
import Traces

/// Which layers of a stored trace's model see the latest tokens alone.
struct TraceWindows {
  /// Nil where no layer has a window.
  private let metadata: TraceMetadata?

  /// Layers that were replayed, apart by whether they have a window.
  struct Split {
    let full: Set<Int>
    let windowed: Set<Int>
    /// Tokens of the smallest window among those replayed, and of the model's longest that is known.
    let smallest: Int?
    let longest: Int?
    /// How many of the model's layers have a window: as the trace states, else in the proportion of those replayed.
    let modelLayers: Double
    let isStated: Bool
  }

  /// - Parameter json: a trace's metadata as it is stored; what cannot be read has no windows.
  init(metadata json: String) {
    let read = try? JSONDecoder().decode(TraceMetadata.self, from: Data(json.utf8))
    metadata = read.flatMap {
      let attention = $0.attention
      let isBounded = $0.geometry.layers <= Self.mostLayers
      return isBounded && (attention.slidingWindow != nil || attention.layerWindows != nil) ? $0 : nil
    }
  }

  /// A file may state any number; no model has so many.
  private static let mostLayers = 65_536

  /// Nil where no layer of the model has a window.
  func split(layersOf configuration: Int64, _ db: Database) throws -> Split? {
    guard let metadata else { return nil }
    let layers = try Int.fetchSet(
      db, sql: "SELECT DISTINCT layer FROM head_summaries WHERE configuration = ?", arguments: [configuration]
    )
    let windowed = layers.filter { metadata.slidingWindow(layer: $0) != nil }
    let own = windowed.compactMap(metadata.slidingWindow)
    let stated = metadata.windowsOfAllLayers?.compactMap(\.self)
    let share = Double(windowed.count) / Double(max(layers.count, 1))
    return Split(
      full: layers.subtracting(windowed), windowed: windowed, smallest: own.min(),
      longest: own.max() ?? stated?.max(),
      modelLayers: stated.map { Double($0.count) } ?? (Double(metadata.geometry.layers) * share).rounded(),
      isStated: stated != nil)
  }
}
