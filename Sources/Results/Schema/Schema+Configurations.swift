extension Schema {
  /// The seed is text because an unsigned 64-bit number does not fit SQLite's integers.
  ///
  /// `trace` repeats what the scope says so that the common join is short; the compound key keeps the two
  /// from disagreeing.
  static let configurationTables = """
    CREATE TABLE configurations (
      id INTEGER PRIMARY KEY,
      identity TEXT NOT NULL UNIQUE CHECK (length(identity) = 64),
      run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
      scope INTEGER NOT NULL,
      policy TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('selection', 'eviction', 'bound')),
      parameters TEXT NOT NULL CHECK (json_valid(parameters)),
      label TEXT NOT NULL,
      budget TEXT,
      calibration TEXT CHECK (calibration IN ('profile', 'own-queries')),
      profile_digest TEXT CHECK (length(profile_digest) = 64),
      calibration_texts TEXT CHECK (calibration_texts IS NULL OR json_valid(calibration_texts)),
      seed TEXT NOT NULL,
      exact_results_digest TEXT NOT NULL CHECK (length(exact_results_digest) = 64),
      FOREIGN KEY (scope, trace) REFERENCES scopes (id, trace) ON DELETE CASCADE,
      CHECK ((calibration IS 'profile') = (profile_digest IS NOT NULL)),
      CHECK ((calibration IS NULL) = (calibration_texts IS NULL))
    ) STRICT;
    CREATE INDEX configurations_by_scope ON configurations (scope, policy);
    CREATE INDEX configurations_by_run ON configurations (run);

    CREATE TABLE run_configurations (
      run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      role TEXT NOT NULL CHECK (role IN ('stored', 'reproduced', 'reused')),
      PRIMARY KEY (run, configuration)
    ) STRICT;
    CREATE INDEX run_configurations_by_configuration ON run_configurations (configuration);
    """
}
