import Attention
import Foundation
import Simulator

/// From a model and texts to a report, in one folder.
public struct StudyRequest: Sendable {
  /// A GGUF file, a Hugging Face folder, or a name that `fasa-capture` knows.
  public var model: String
  /// The first calibrates where there are two or more, and is then not scored.
  public var texts: [String]
  public var folder: String
  /// Prompt and decode steps of a text together, at most.
  public var mostTokens: Int
  public var decode: Int
  /// As `fasa-capture` takes them; all by default.
  public var layers: String
  /// How traces store numbers; `f16` leaves a model that computes with f32 rounding that a capture's own check may refuse.
  public var dtype: StoredType
  /// Policies, seed, threads; layers, heads and steps are those that are captured.
  public var replay: ReplayRequest
  public var budgets: [Budget]
  public var isTimed: Bool

  public init(
    model: String, texts: [String], folder: String, mostTokens: Int, decode: Int, layers: String,
    dtype: StoredType = .f16, replay: ReplayRequest, budgets: [Budget], isTimed: Bool
  ) {
    self.model = model
    self.texts = texts
    self.folder = folder
    self.mostTokens = mostTokens
    self.decode = decode
    self.layers = layers
    self.dtype = dtype
    self.replay = replay
    self.budgets = budgets
    self.isTimed = isTimed
  }

  /// As `fasa-capture` calls them.
  public enum StoredType: String, Sendable, CaseIterable { case f16, bf16, f32 }

  /// A model's name for people and files.
  public static func name(of model: String) -> String {
    let last = URL(fileURLWithPath: model).lastPathComponent
    return last.hasSuffix(".gguf") ? String(last.dropLast(5)) : last
  }

  /// A name for each text's trace, each once.
  var names: [String] {
    var taken: Set<String> = ["runs", "report", "profile", "study"]
    return texts.map { text in
      let name = URL(fileURLWithPath: text).deletingPathExtension().lastPathComponent
      var (own, number) = (name, 1)
      while !taken.insert(own).inserted {
        number += 1
        own = "\(name)-\(number)"
      }
      return own
    }
  }
}
