import Foundation
import Pricing
import Testing

@testable import Experiments

/// Reading of each kind of table, and what is wrong with bad ones.
@Suite struct MeasuredTablesTests {
  private static let dense =
    "machine,engine,kernel,kv_dtype,head_dim,query_heads,kv_heads,batch,context,latency_us\n"
  private static let denseRow = "h100_sxm,vllm 0.24.0,fa3,fp8,128,32,8,4,16384,90.5\n"
  private static let stages =
    "machine,stage,kernel,sequences,queries_per_sequence,candidates,rows,score_distribution,latency_us\n"
  private static let stagesRow = "h100_sxm,select,topk,1,4,8196,4,flat,13.17\n"
  private static let published =
    "id,source,location,machine,device_text,model,layers,q_heads,kv_heads,head_dim,weight_bits,kv_bits,batch,context,policy,budget,measured,value,unit,kind,note\n"
  private static let step =
    "1,\"a, b\",x_c16_tp4_ep1,h100-sxm,,Llama-3.1-70B,80.0,64.0,8.0,128.0,8.0,16.0,16,1536,dense,,time,13.19,ms,e2e-dense-tp,\n"

  private static func rows(_ text: String) throws -> TableRows {
    try TableRows(Data(text.utf8), path: "t.csv")
  }

  @Test func columnsTellKindsApart() throws {
    #expect(try TableKind(Self.rows("# source\n" + Self.dense + Self.denseRow)) == .dense)
    #expect(try TableKind(Self.rows(Self.stages + Self.stagesRow)) == .stages)
    #expect(try TableKind(Self.rows(Self.published + Self.step)) == .published)
    let sparq = MeasurementTable.columns.joined(separator: ",")
    let row = "gpu,G,attn-x,float16,4,1024,32,128,,,0.002"
    #expect(try TableKind(Self.rows("\(sparq)\n\(row)\n")) == .layers)
  }

  @Test func aDenseRowIsACall() throws {
    let row = try #require(DenseTable(Self.rows(Self.dense + Self.denseRow)).rows.first)
    #expect(row.engineName == "vllm" && row.machine == "h100_sxm" && row.microseconds == 90.5)
    let call = DenseCall(
      elementBytes: 1, headDim: 128, queryHeads: 32, kvHeads: 8, batch: 4, context: 16_384)
    #expect(row.call == call)
  }

  @Test func stagesBesideTopKAreCounted() throws {
    let table = try StagesTable(
      Self.rows(
        Self.stages + Self.stagesRow + "h100_sxm,score,mqa,1,4,2052,4,,13.27\n"
          + "h100_sxm,attend,mla,1,4,2052,4,,33\n"))
    #expect(table.rows.count == 1 && table.others == ["score": 1, "attend": 1])
    #expect(table.rows[0].call == TopKCall(rows: 4, candidates: 8196))
  }

  /// Four devices; the prompt of 1,024 tokens is worked through while as many are generated, by 16 sequences.
  @Test func aPublishedStepIsOfSeveralDevices() throws {
    let row = try #require(PublishedTimes(Self.rows(Self.published + Self.step)).rows.first)
    guard case .step(let step) = row.work else {
      Issue.record("expected a step, found \(row.work)")
      return
    }
    #expect(step.devices == 4 && step.prefill == 16 && step.batch == 16 && step.weightBits == 8)
    #expect(step.model == .llama3_1_70B && !step.isSumOfKernels && row.value == 13.19)
    #expect(step.geometry.elementBytes == 2 && step.geometry.layers == 80)
  }

  /// 32 sequences at 640 tokens a second take 50 ms a step.
  @Test func publishedUnitsAndWhatIsLeftOut() throws {
    let rate = Self.step.replacing(",16,1536,", with: ",32,1536,").replacing("13.19,ms", with: "640,tok/s")
    let kernel = Self.step.replacing("13.19,ms,e2e-dense-tp", with: "2.5,ms,dense-kernel")
    let eager = Self.step.replacing("e2e-dense-tp,\n", with: "e2e-dense,Hugging Face stack; 8 tokens\n")
    let other = Self.step.replacing(",dense,,", with: ",r-kv,,")
    let rows = try PublishedTimes(Self.rows(Self.published + rate + kernel + eager + other)).rows
    #expect(rows.map(\.value) == [50, 2500, 13.19, 13.19])
    guard case .kernel = rows[1].work, case .nothing(let why) = rows[2].work,
      case .nothing = rows[3].work
    else {
      Issue.record("expected a kernel and two rows that are left out")
      return
    }
    #expect(why == "steps of an eager stack")
  }

  /// A table with one row, in which a text is replaced, and what the error says.
  private static func changed(_ header: String, _ row: String, _ old: String, _ new: String, _ part: String)
    -> (String, String)
  {
    (header + row.replacing(old, with: new), part)
  }

  private static let wrong: [(String, String)] = [
    ("", "t.csv: expected a header line"), (dense, "t.csv: expected measurements, found a header alone"),
    ("a,b\n1,2\n", "expected the columns"), (dense + "1,2\n", "t.csv:2: expected 10 columns, found 2"),
    ("machine,engine,kernel,kv_dtype,context\na,b,c,fp8,1\n", "found none called head_dim, query_heads"),
    changed(dense, denseRow, "fp8", "int3", "t.csv:2: kv_dtype: expected bfloat16, float16, fp8"),
    changed(dense, denseRow, "90.5", "-1", "t.csv:2: latency_us: expected microseconds"),
    changed(dense + denseRow, denseRow, "90.5", "", "t.csv:3: latency_us: expected microseconds"),
    changed(dense, denseRow, ",8,4,", ",8,many,", "t.csv:2: batch: expected a whole number"),
    changed(dense, denseRow, ",32,8,", ",4,8,", "t.csv:2: query_heads: expected as many as"),
    changed(dense, denseRow, "h100_sxm", "", "t.csv:2: machine: expected a name"),
    changed("# note\n" + stages, stagesRow, "select", "choose", "t.csv:3: stage: expected attend"),
    changed(stages, stagesRow, "flat", "", "score_distribution: expected flat, top_last, found ''"),
    changed(published, step, "13.19", "fast", "t.csv:2: value: expected a time, rate or speed-up"),
    changed(published, step, ",ms,", ",days,", "t.csv:2: unit: expected ms, tok/s, us, x"),
    changed(published, step, ",ms,", ",us,", "t.csv:2: unit: expected one that suits e2e-dense-tp"),
    changed(published, step, ",80.0,", ",,", "t.csv:2: layers: expected a whole number"),
  ]

  @Test(arguments: wrong)
  func aWrongTableIsOneClearError(text: String, part: String) {
    let error = #expect(throws: PricingError.self) {
      let rows = try Self.rows(text)
      switch try TableKind(rows) {
      case .layers: break
      case .dense: _ = try DenseTable(rows)
      case .stages: _ = try StagesTable(rows)
      case .published: _ = try PublishedTimes(rows)
      }
    }
    #expect(error?.description.contains(part) == true, "\(String(describing: error))")
  }
}
