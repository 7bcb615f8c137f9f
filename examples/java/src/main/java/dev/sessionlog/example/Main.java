package dev.sessionlog.example;

import dev.sessionlog.v1.SessionRecord;

/** Appends sessions: {@code Main ADDRESS COUNT …}, to one session log after the other, and prints what became of them. */
public final class Main {
  private Main() {}

  public static void main(String[] args) throws InterruptedException {
    for (int i = 0; i + 1 < args.length; i += 2) {
      var log = new SessionLog(args[i]);
      for (int number = 0; number < Integer.parseInt(args[i + 1]); number++) {
        log.append(SessionRecord.newBuilder()
            .setDaemon("example-java")
            .setKind(number == 1_000 ? "poem" : "fill") // the service refuses that one
            .setPrompt("Fill slot " + number + ".")
            .setFinalVerdict("max_iter_exhausted")
            .build());
      }
      log.close();
      System.out.printf("{\"stored\":%s,\"refused\":%s,\"dropped\":%s}%n", log.stored, log.refused, log.dropped);
    }
  }
}
