package dev.sessionlog.example;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import com.google.rpc.RetryInfo;
import dev.sessionlog.v1.BatchAppendSessionsRequest;
import dev.sessionlog.v1.SessionLogGrpc;
import dev.sessionlog.v1.SessionRecord;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Sends sessions in the background: a bounded queue, batches, and the retry rule of docs/CLIENTS.md. */
public final class SessionLog implements AutoCloseable {
  private static final int BUFFER_RECORDS_MAX = 10_000;
  private static final int BATCH_RECORDS_MAX = 500;
  private static final long CALL_TIMEOUT_MS = 30_000;
  private static final long CLOSE_TIMEOUT_MS = 10_000;
  private static final long POLL_MS = 100;
  private static final long BACKOFF_MIN_MS = 100;
  private static final long BACKOFF_MAX_MS = 2_000;

  public final AtomicLong stored = new AtomicLong();
  public final AtomicLong refused = new AtomicLong();
  public final AtomicLong dropped = new AtomicLong();

  private final BlockingQueue<SessionRecord> buffer = new ArrayBlockingQueue<>(BUFFER_RECORDS_MAX);
  private final ManagedChannel channel;
  private final Thread sender = new Thread(this::sendAll, "session-log");
  private volatile boolean closed;

  /** It connects with the first record, and the service may be down then. */
  public SessionLog(String address) {
    channel = Grpc.newChannelBuilder(address, InsecureChannelCredentials.create()).build();
    sender.setDaemon(true);
    sender.start();
  }

  /** Returns at once. A full buffer drops the record. Its own session_id and timestamp make a retry safe. */
  public void append(SessionRecord record) {
    var stamped = record.toBuilder();
    if (record.getSessionId().isEmpty()) stamped.setSessionId(UUID.randomUUID().toString().replace("-", ""));
    if (!record.hasTimestamp()) stamped.setTimestamp(Timestamps.now());
    if (closed || !buffer.offer(stamped.build())) dropped.incrementAndGet();
  }

  /** Sends what is in the buffer; what is left after CLOSE_TIMEOUT_MS is lost. To be called in a shutdown hook. */
  @Override
  public void close() throws InterruptedException {
    closed = true;
    sender.join(CLOSE_TIMEOUT_MS);
    if (sender.isAlive()) System.err.println("the session log was closed before all records were sent");
    sender.interrupt();
    channel.shutdownNow();
  }

  private void sendAll() {
    try {
      while (!closed || !buffer.isEmpty()) {
        var batch = new ArrayList<SessionRecord>();
        var first = buffer.poll(POLL_MS, TimeUnit.MILLISECONDS);
        if (first == null) continue;
        batch.add(first);
        buffer.drainTo(batch, BATCH_RECORDS_MAX - 1);
        send(batch);
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  private void send(List<SessionRecord> batch) throws InterruptedException {
    var parts = new ArrayDeque<List<SessionRecord>>(List.of(batch));
    for (long wait = BACKOFF_MIN_MS; !parts.isEmpty(); ) {
      var records = parts.pop();
      try {
        var request = BatchAppendSessionsRequest.newBuilder().addAllRecords(records).build();
        var stub = SessionLogGrpc.newBlockingStub(channel).withDeadlineAfter(CALL_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        var results = stub.batchAppendSessions(request).getResultsList();
        wait = BACKOFF_MIN_MS;
        for (int i = 0; i < results.size(); i++) {
          if (results.get(i).hasAppended()) stored.incrementAndGet();
          else refuse(records.get(i), results.get(i).getRejected().getViolationsList());
        }
      } catch (StatusRuntimeException failure) {
        long asked = waitAfter(failure);
        if (asked >= 0) {
          System.err.println("the session log is unavailable, records are buffered: " + failure.getMessage());
          Thread.sleep(Math.max(wait, asked));
          wait = Math.min(wait * 2, BACKOFF_MAX_MS);
          parts.push(records);
        } else if (records.size() > 1 && !GIVES_UP.contains(failure.getStatus().getCode())) {
          parts.push(records.subList(records.size() / 2, records.size()));
          parts.push(records.subList(0, records.size() / 2));
        } else {
          records.forEach(record -> refuse(record, failure.getMessage()));
        }
      }
    }
  }

  private void refuse(SessionRecord record, Object reason) {
    refused.incrementAndGet();
    System.err.printf("the session log refused session %s of %s: %s%n", record.getSessionId(), record.getDaemon(), reason);
  }

  /** What is so for every record. */
  private static final Set<io.grpc.Status.Code> GIVES_UP = Set.of(io.grpc.Status.Code.UNIMPLEMENTED, io.grpc.Status.Code.PERMISSION_DENIED);

  /** The milliseconds after which the same records are sent again; -1 when that is of no use. */
  private static long waitAfter(StatusRuntimeException failure) {
    long asked = askedFor(failure);
    return switch (failure.getStatus().getCode()) {
      case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, ABORTED -> Math.max(asked, 0);
      case RESOURCE_EXHAUSTED -> asked;
      case UNAUTHENTICATED -> BACKOFF_MAX_MS; // a token may have been renewed
      default -> -1;
    };
  }

  /** The delay of a RetryInfo; -1 when there is none. */
  private static long askedFor(StatusRuntimeException failure) {
    try {
      for (Any detail : StatusProto.fromThrowable(failure).getDetailsList()) {
        if (detail.is(RetryInfo.class)) return Durations.toMillis(detail.unpack(RetryInfo.class).getRetryDelay());
      }
    } catch (InvalidProtocolBufferException notOurs) {
      System.err.println(notOurs.getMessage());
    }
    return -1;
  }
}
