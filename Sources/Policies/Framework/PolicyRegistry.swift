/// All policies. Help, parsing, validation and documentation derive from this list.
public enum PolicyRegistry {
  public static let policies: [any Policy.Type] = [
    Dense.self, Oracle.self, OracleMass.self, Random.self,
    StreamingLLM.self, H2O.self, TOVA.self, Scissorhands.self, SnapKV.self, PyramidKV.self, AdaKV.self, RKV.self,
    ExpectedAttention.self, KeyDiff.self, KNorm.self, TriAttention.self, DuoAttention.self,
    FASA.self, Quest.self, QuestMeanStd.self, ArkVale.self, InfLLM.self, SparQ.self, Loki.self,
    DoubleSparsity.self, ShadowKV.self, MagicPIG.self, PQCache.self, RetroInfer.self, TidalDecode.self, OmniKV.self,
    InfiniGen.self, Twilight.self, RocketKV.self,
  ]

  public static var names: [String] { policies.map { $0.descriptor.name } }

  public static func policy(named name: String) -> (any Policy.Type)? {
    policies.first { $0.descriptor.name == name }
  }
}
