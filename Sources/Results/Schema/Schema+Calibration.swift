extension Schema {
  /// A configuration names its profile by digest, not by key: profiles are files first, and a replay may
  /// use one that nobody stored here.
  static let calibrationTables = """
    CREATE TABLE profiles (
      id INTEGER PRIMARY KEY,
      digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
      version INTEGER NOT NULL,
      model_name TEXT NOT NULL,
      model_sha256 TEXT NOT NULL,
      model_layers INTEGER NOT NULL CHECK (model_layers > 0),
      query_heads INTEGER NOT NULL CHECK (query_heads > 0),
      kv_heads INTEGER NOT NULL CHECK (kv_heads > 0),
      head_dim INTEGER NOT NULL CHECK (head_dim > 0),
      slices TEXT NOT NULL CHECK (slices IN ('rope', 'adjacent')),
      pairing TEXT NOT NULL CHECK (pairing IN ('half', 'interleaved')),
      texts TEXT NOT NULL CHECK (json_valid(texts))
    ) STRICT;

    CREATE TABLE contextual_agreement (
      profile INTEGER NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      window INTEGER NOT NULL CHECK (window > 0),
      query_head INTEGER NOT NULL CHECK (query_head >= 0),
      chunk INTEGER NOT NULL CHECK (chunk >= 0),
      agreement REAL CHECK (agreement BETWEEN 0 AND 1),
      PRIMARY KEY (profile, layer, window, query_head, chunk)
    ) STRICT;
    """
}
