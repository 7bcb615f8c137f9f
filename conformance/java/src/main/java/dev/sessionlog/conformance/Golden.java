package dev.sessionlog.conformance;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import dev.sessionlog.v1.AppendSessionRequest;
import dev.sessionlog.v1.SessionLogGrpc;
import dev.sessionlog.v1.SessionRecord;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * Sends golden records with the stubs that grpc-java's plugin generates: {@code Golden ADDRESS < cases}.
 *
 * <p>Each line of standard input is a case, {"name": …, "send": the record's ProtoJSON as text}; each line of standard output
 * its answer, {"name", "sequence"} or {"name", "violations"}, or {"name", "error"} where there was neither.
 */
public final class Golden {
  private Golden() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    var channel = Grpc.newChannelBuilder(args[0], InsecureChannelCredentials.create()).build();
    try {
      var stub = SessionLogGrpc.newBlockingStub(channel);
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        var golden = Struct.newBuilder();
        JsonFormat.parser().merge(line, golden);
        var answer = answer(stub, golden.getFieldsOrThrow("send").getStringValue());
        answer.putFields("name", golden.getFieldsOrThrow("name"));
        output.println(JsonFormat.printer().omittingInsignificantWhitespace().print(answer));
      }
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
  }

  private static Struct.Builder answer(SessionLogGrpc.SessionLogBlockingStub stub, String send) throws IOException {
    var answer = Struct.newBuilder();
    var record = SessionRecord.newBuilder();
    JsonFormat.parser().merge(send, record);
    try {
      var request = AppendSessionRequest.newBuilder().setRecord(record).build();
      var reply = stub.withDeadlineAfter(30, TimeUnit.SECONDS).appendSession(request);
      return answer.putFields("sequence", Value.newBuilder().setNumberValue(reply.getSequence()).build());
    } catch (StatusRuntimeException failure) {
      var violations = violations(failure);
      return violations.getListValue().getValuesCount() > 0
          ? answer.putFields("violations", violations)
          : answer.putFields("error", text(failure.toString()));
    }
  }

  /** What a refusal names; nothing for any other failure. */
  private static Value violations(StatusRuntimeException failure) throws InvalidProtocolBufferException {
    var violations = Value.newBuilder();
    var status = StatusProto.fromThrowable(failure);
    if (status == null || status.getCode() != Code.INVALID_ARGUMENT_VALUE) return violations.build();
    for (Any detail : status.getDetailsList()) {
      if (!detail.is(BadRequest.class)) continue;
      for (var found : detail.unpack(BadRequest.class).getFieldViolationsList()) {
        var violation = Struct.newBuilder();
        violation.putFields("field", text(found.getField()));
        violation.putFields("reason", text(found.getReason()));
        violations.getListValueBuilder().addValues(Value.newBuilder().setStructValue(violation));
      }
    }
    return violations.build();
  }

  private static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }
}
