import Attention

/// All policies. Help, parsing, validation and documentation derive from this list.
public enum PolicyRegistry {
  public static let policies: [any Policy.Type] = [
    Dense.self, Oracle.self, OracleMass.self, Random.self,
    StreamingLLM.self, H2O.self, TOVA.self, Scissorhands.self, SnapKV.self, PyramidKV.self, AdaKV.self,
    Cake.self, ChunkKV.self, RKV.self,
    ExpectedAttention.self, KeyDiff.self, KNorm.self, LagKV.self, TriAttention.self, DuoAttention.self,
    RaaS.self, LazyEviction.self, CriticalKV.self,
    FASA.self, Quest.self, QuestMeanStd.self, ArkVale.self, InfLLM.self, InfLLMV2.self, MoBA.self, SparQ.self,
    Loki.self,
    DoubleSparsity.self, ShadowKV.self, MagicPIG.self, Socket.self, PQCache.self, ParisKV.self,
    RetroInfer.self, ClusterKV.self,
    SqueezedAttention.self, TidalDecode.self, OmniKV.self, Kascade.self, InfiniGen.self,
    Twilight.self, VAttention.self, SkipSoftmax.self, RocketKV.self, Scored.self, External.self, Gist.self,
    GistPages.self, Remnants.self,
  ]

  /// What a trace of queries, keys and values cannot replay, and why.
  public static let refused: [String: String] = [
    "kvzip":
      "it scores the cache by further passes of the model over the prompt; a trace can hold those scores, for `scored:by=token`",
    "hash-attention": "it hashes by learned weights, which the trace does not hold",
    "seer-attention": "it gates blocks by learned weights, which the trace does not hold",
    "token-butler": "it predicts importance by a learned network, which the trace does not hold",
    "nsa": "its branches are trained with the model, and the trace does not hold their weights",
    "dsa":
      "DeepSeek's indexer has learned weights; a trace can hold the queries and keys that it makes, for `scored:by=index`",
  ]

  public static var names: [String] { policies.map { $0.descriptor.name } }

  public static func policy(named name: String) -> (any Policy.Type)? {
    policies.first { $0.descriptor.name == name }
  }

  /// The policy of a name that a user gave.
  ///
  /// - Throws: ``PolicyError`` where there is none.
  public static func known(_ name: String) throws(PolicyError) -> any Policy.Type {
    guard let policy = policy(named: name) else {
      throw PolicyError(
        "policy '\(name)'", expected: "one that there is", found: "none of that name",
        advice: NearestName.advice(for: name, among: names))
    }
    return policy
  }
}
