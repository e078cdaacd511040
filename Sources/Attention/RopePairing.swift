/// Which two channels one rotation of rotary position embedding turns.
public enum RopePairing: String, Sendable, CaseIterable, Codable {
  /// Chunk i is channels (i, i + rotaryDim / 2): Hugging Face's `rotate_half`, GPT-NeoX.
  case half
  /// Chunk i is channels (2i, 2i + 1): GPT-J, llama.cpp's permuted Llama weights.
  case interleaved
}
