import Attention
import Foundation
import Policies

/// A calibration as a file: contextual agreement per layer, query head and chunk, with what made it.
public struct CalibrationProfile: Codable, Sendable, Equatable {
  public static let currentVersion = 1

  /// The model whose heads were measured.
  ///
  /// Name and shape are those of every fine-tune and of every stretched context: `rotations` and `sha256` tell which.
  public struct Model: Codable, Sendable, Equatable {
    public var name: String
    public var sha256: String
    public var layers: Int
    public var queryHeads: Int
    public var kvHeads: Int
    public var headDim: Int
    /// How the calibrated layers turn positions; absent from profiles made before it was kept.
    public var rotations: [Rotation]?

    enum CodingKeys: String, CodingKey {
      case name, sha256, layers, rotations
      case queryHeads = "query_heads"
      case kvHeads = "kv_heads"
      case headDim = "head_dim"
    }
  }

  /// A text that calibrated; never one that is then scored.
  public struct Text: Codable, Sendable, Equatable {
    public var title: String
    public var kind: String
    public var sha256: String
    public var tokens: Int
    /// Query positions per head that were averaged.
    public var queries: Int
    /// Of the trace file.
    public var traceDigest: String

    enum CodingKeys: String, CodingKey {
      case title, kind, sha256, tokens, queries
      case traceDigest = "trace_sha256"
    }
  }

  /// CA_K of one layer: `[query head][chunk]`.
  public struct Layer: Codable, Sendable, Equatable {
    public var layer: Int
    /// K: how many best tokens were compared.
    public var window: Int
    public var agreement: [[Double]]
  }

  public var version: Int
  public var model: Model
  public var slices: ContextualAgreement.Slices
  public var pairing: RopePairing
  public var texts: [Text]
  public var layers: [Layer]
  /// Axes, channels, head kinds and query centres; absent from profiles made before they were measured.
  public var statistics: HeadStatistics?

  /// The statistics in channels of a layout, or nil where they were measured in another one.
  package func headStatistics(for layout: RopePairing) -> HeadStatistics? {
    pairing == layout ? statistics : nil
  }

  /// What FASA asks.
  public var contextualAgreement: ContextualAgreement {
    let entries = layers.map { (ContextualAgreement.Key(layer: $0.layer, window: $0.window), $0.agreement) }
    return ContextualAgreement(
      slices: slices, pairing: pairing, values: Dictionary(entries) { first, _ in first })
  }

  /// One profile of several texts' profiles, each weighing as much as the queries it averaged.
  ///
  /// - Throws: ``ReplayError`` where they are not of one model, one kind of slices and the same layers and windows.
  public static func merging(_ profiles: [CalibrationProfile]) throws -> CalibrationProfile {
    guard var result = profiles.first else {
      throw ReplayError("calibration", expected: "a trace to calibrate on", found: "none", advice: "give one")
    }
    // Taking one's axes apart and together again would only add to their rounding.
    if profiles.count == 1 { return result }
    let shape = result.layers.map { [$0.layer, $0.window] }
    for other in profiles.dropFirst() {
      guard other.model == result.model, other.slices == result.slices, other.pairing == result.pairing,
        other.layers.map({ [$0.layer, $0.window] }) == shape
      else {
        throw ReplayError(
          "traces to calibrate on", expected: "one model, one layout and the same captured layers",
          found: "others", advice: "calibrate on traces of one model that hold the same layers")
      }
      result.texts += other.texts
    }
    let weights = profiles.map { Double($0.texts.reduce(0) { $0 + $1.queries }) }
    let total = weights.reduce(0, +)
    for index in result.layers.indices {
      for head in result.layers[index].agreement.indices {
        for chunk in result.layers[index].agreement[head].indices {
          let sum = zip(profiles, weights).reduce(0) { $0 + $1.0.layers[index].agreement[head][chunk] * $1.1 }
          result.layers[index].agreement[head][chunk] = (sum / total * 1e6).rounded() / 1e6
        }
      }
    }
    // Axes of profiles that lack statistics cannot be made up.
    let statistics = profiles.compactMap(\.statistics)
    result.statistics = statistics.count == profiles.count ? .merging(statistics, weights: weights) : nil
    return result
  }

  /// What is wrong with the numbers, or nil: policies index them without looking.
  var flaw: String? {
    guard let chunks = layers.first?.agreement.first?.count, chunks > 0 else {
      return "it holds no agreement"
    }
    for entry in layers {
      guard entry.agreement.count == model.queryHeads, entry.agreement.allSatisfy({ $0.count == chunks })
      else {
        return "layer \(entry.layer) does not hold \(model.queryHeads) query heads of \(chunks) chunks"
      }
      guard entry.agreement.joined().allSatisfy({ (0...1).contains($0) }) else {
        return "layer \(entry.layer) holds an agreement that is not in 0...1"
      }
    }
    for rotation in model.rotations ?? [] {
      guard [0, chunks].contains(rotation.frequencies.count), rotation.frequencies.allSatisfy(\.isFinite)
      else { return "rotations of layers \(NumberRanges.text(rotation.layers)) are not \(chunks) numbers" }
    }
    if let factors = statistics?.skipFactors, !SkipCalibration.isSound(factors) {
      return "factors of skipped softmax are not 9 ascending numbers"
    }
    for entry in statistics?.layers ?? [] {
      if let flaw = entry.flaw(
        kvHeads: model.kvHeads, queryHeads: model.queryHeads, headDim: model.headDim, chunks: chunks)
      {
        return flaw
      }
    }
    return nil
  }

  /// The file's bytes; the same profile gives the same bytes.
  public func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self) + Data("\n".utf8)
  }
}
