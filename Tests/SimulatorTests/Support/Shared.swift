import TestSupport

typealias SeededRandom = TestSupport.SeededRandom
typealias TemporaryFolder = TestSupport.TemporaryFolder
