import Foundation
import Policies
import Pricing
import Results

extension ModelReport {
  /// What a reader of the tables has to know.
  var notes: [String] {
    var notes = windowNotes
    if let quality { notes += equalQuality(quality) }
    if !job.leftOut.isEmpty {
      notes.append(
        "left out, since heads of \(job.model?.name ?? "the model") share one row for each token and these choose by keys of their own or each for itself: \(job.leftOut.map(\.label).joined(separator: ", "))"
      )
    }
    if let earlier = points.first(where: \.row.machine.isEarlier)?.row.machine {
      notes.append(
        "with \(earlier.kernels.name) kernels, of before and launched one by one: shown where they are on the other side of 1×"
      )
    }
    if points.contains(where: { $0.speedUp == nil }) {
      notes.append(
        "– and not stored: where model and caches do not fit the machine, with the policy or with dense attention"
      )
    }
    if points.contains(where: \.row.isExtrapolated) {
      notes.append(
        "~ extrapolated: another machine than the kernels were fitted on, another geometry or context than was replayed"
      )
    }
    notes.append(
      "speed-up of attention over dense attention that reads a group's rows once; \(job.reading.rawValue) reading; faster from: shortest context, up to 1m"
    )
    if job.model != nil { notes.append(wholeModel) }
    return notes
  }

  /// How layers with a window are told.
  private var windowNotes: [String] {
    guard let windows = points.lazy.compactMap(\.windows).first else { return [] }
    var notes = [
      "the columns of contexts are of a layer that sees everything; one with a window of \(NumberText.grouped(windows.tokens)) tokens reads no more than that"
    ]
    let stored = job.shapes.compactMap(\.windowed)
    if job.model == nil, stored.contains(where: { !$0.isStated }) {
      notes.append(
        "the trace tells of the captured layers' windows alone: the model's other layers are taken to have them in that proportion"
      )
    }
    return notes
  }

  private var wholeModel: String {
    let deployment = job.deployment
    let held = "\(NumberText.percent(deployment.reserve)) of the memory and a prefill's activations set apart"
    return
      "whole model, tokens/s, largest batch: at the longest context, over all devices; \(deployment.weightBits.map { "\($0)-bit weights" } ?? "weights as published"), \(deployment.cacheBits ?? 16)-bit cache, \(held)"
  }

  private func equalQuality(_ quality: EqualQuality) -> [String] {
    let missed = quality.missed(job.shapes).map { policy, least in
      "\(policy) (\(least.map { "least \(NumberText.decimal($0))" } ?? "not measured"))"
    }
    return [
      "of each policy the fastest configuration with \(quality.text), as it was measured at the trace's own context"
    ]
      + (missed.isEmpty ? [] : ["none of these has it: \(missed.joined(separator: ", "))"])
  }

  /// Asked for, and so no note.
  var sensitivities: [String] {
    var seen: Set<String> = []
    return points.filter {
      seen.insert("\($0.row.machine.name) \($0.stored.configuration)").inserted
    }.map { point in
      let parts = point.row.machine.sensitivity(
        point.stored.shape, dense: point.stored.dense, geometry: point.step.geometry,
        batch: point.step.batchOfReplica,
        reading: job.reading
      ).prefix(4).filter { abs($0.elasticity) > 0.005 }.map {
        "\($0.parameter) \(String(format: "%+.2f", $0.elasticity))"
      }
      return
        "\(point.stored.label) on \(point.row.machine.name) at \(CountText.of(Int(saturating: point.step.geometry.context))): "
        + "% of speed-up for each % more of \(parts.isEmpty ? "anything: none" : parts.joined(separator: ", "))"
    }
  }
}
