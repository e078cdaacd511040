/// What a calibration knows of a group, looked up so that a profile of another shape is an error.
extension GroupContext {
  /// Which K of contextual agreement ranks chunks, as a parameter says it.
  enum AgreementWindow: Equatable {
    /// The calibrated K nearest to a number.
    case nearest(Int)
    /// The budget where that is a calibrated K, else 1,024, as FASA's released code has it.
    case budget
    /// What stands in for a budget that is not calibrated, or is a share.
    static let standIn = 1024

    init(_ parameters: ParameterValues, _ window: ParameterDescriptor) {
      self = parameters.word(window) == "budget" ? .budget : .nearest(parameters.integer(window))
    }
  }

  /// Contextual agreement of the group's query heads, `[head of the group][chunk]`.
  ///
  /// - Throws: ``PolicyError`` where the calibration lacks the layer, the layout, the window, a head or a chunk.
  func agreement(for policy: String, slices: ContextualAgreement.Slices, window: AgreementWindow)
    throws -> [[Double]]
  {
    guard let heads = try agreement(slices, window, policy: policy), heads.count >= queryHeads.upperBound,
      heads[queryHeads].allSatisfy({ $0.count == chunks.count })
    else {
      throw PolicyError(
        "\(policy): layer \(layer)",
        expected:
          "contextual agreement with \(slices.rawValue) pairing on this trace's \(chunks.pairing.rawValue) layout",
        found: "none in the calibration", advice: "calibrate for it, or leave the layer out")
    }
    return Array(heads[queryHeads])
  }

  private func agreement(_ slices: ContextualAgreement.Slices, _ window: AgreementWindow, policy: String)
    throws
    -> [[Double]]?
  {
    guard let agreement else { return nil }
    func nearest(_ window: Int) -> [[Double]]? {
      agreement.ranking(layer: layer, slices: slices, layout: chunks.pairing, window: window)
    }
    guard window == .budget else {
      if case .nearest(let window) = window { return nearest(window) }
      return nil
    }
    let known = agreement.windows(layer: layer)
    if case .tokens(let k)? = asked, known.contains(k) { return nearest(k) }
    // Tried without a budget: whether its K is calibrated cannot be known.
    guard asked == nil || known.isEmpty || known.contains(AgreementWindow.standIn) else {
      throw PolicyError(
        "\(policy): ca-window=budget",
        expected:
          "layer \(layer) calibrated at K = the budget, or else at K = \(AgreementWindow.standIn), which stands in for it",
        found: "K = \(known.map(String.init).joined(separator: ", "))",
        advice: "calibrate at one of them too, or give ca-window a number")
    }
    return nearest(AgreementWindow.standIn)
  }

  /// The calibrated statistics of this group's layer.
  ///
  /// - Throws: ``PolicyError`` where there are none, or where they are of fewer heads or other channels.
  func calibrated(_ policy: String) throws -> HeadStatistics.Layer {
    guard let found = statistics?[layer], found.serves(self) else {
      throw PolicyError(
        "\(policy): layer \(layer)",
        expected: "head statistics in this trace's \(chunks.pairing.rawValue) layout",
        found: "none in the calibration",
        advice: "calibrate for it and give that profile, or leave the layer out"
      )
    }
    return found
  }
}

extension HeadStatistics.Layer {
  /// Whether every table holds the group's heads, channels and chunks.
  fileprivate func serves(_ group: GroupContext) -> Bool {
    let d = group.headDim
    func holds(_ axes: [AxisMatrix]) -> Bool {
      axes.indices.contains(group.kvHead) && axes[group.kvHead].axes.count == d
        && axes[group.kvHead].axes.allSatisfy { $0.count == d }
    }
    func hold(_ rows: [[Float]], _ width: Int) -> Bool {
      rows.count >= group.queryHeads.upperBound && rows[group.queryHeads].allSatisfy { $0.count == width }
    }
    return holds(keyAxes) && holds(unrotatedKeyAxes) && channelWeights.indices.contains(group.kvHead)
      && channelWeights[group.kvHead].count == d && hold(queryCentres, d)
      && hold(queryNorms, group.chunks.count) && retrieval.indices.contains(group.kvHead)
      && ownChannelWeights.map { hold($0, d) } ?? true
  }
}
