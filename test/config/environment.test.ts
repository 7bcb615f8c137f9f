import { expect, test } from "vitest";
import { refuseUnknownVariables } from "../../src/config/environment.js";

test.each([
  ["SESSIONLOG_LOG_QUEU_BYTES", "did you mean SESSIONLOG_LOG_QUEUE_BYTES?"],
  ["SESSIONLOG_ADRESS", "did you mean SESSIONLOG_ADDRESS?"],
  ["SESSIONLOG_CONFIGS", "did you mean SESSIONLOG_CONFIG?"],
  ["SESSIONLOG_SERVER_PORT", "see sessionlog serve --help for the known ones"],
  ["SESSIONLOG_", "see sessionlog serve --help for the known ones"],
])("refuseUnknownVariables names %s and the nearest right one", (name, hint) => {
  expect(() => refuseUnknownVariables({ [name]: "1" })).toThrow(
    `environment: ${name} is not a known variable; ${hint}`,
  );
});

test("refuseUnknownVariables passes over what only the clients read", () => {
  for (const name of ["DAEMON", "SPILL_FILE", "DEBUG", "TOKEN", "TOKEN_FILE", "CA_FILE", "CERT_FILE", "KEY_FILE"]) {
    refuseUnknownVariables({ [`SESSIONLOG_${name}`]: "1", SESSIONLOG_SERVER_NAME: "log.internal" });
  }
  expect(() => refuseUnknownVariables({ SESSIONLOG_DEAMON: "1" })).toThrow("did you mean SESSIONLOG_DAEMON?");
});

test("refuseUnknownVariables passes over what container runtimes set for a service named sessionlog", () => {
  refuseUnknownVariables({
    SESSIONLOG_SERVICE_HOST: "10.0.0.1",
    SESSIONLOG_SERVICE_PORT: "50051",
    SESSIONLOG_SERVICE_PORT_GRPC: "50051",
    SESSIONLOG_PORT: "tcp://10.0.0.1:50051",
    SESSIONLOG_PORT_50051_TCP: "tcp://10.0.0.1:50051",
    SESSIONLOG_PORT_50051_TCP_PROTO: "tcp",
    SESSIONLOG_PORT_50051_TCP_ADDR: "10.0.0.1",
    SESSIONLOG_METRICS_SERVICE_PORT: "9090",
    SESSIONLOG_NAME: "/app/sessionlog",
    SESSIONLOG_ENV_NODE_VERSION: "20.20.2",
    SESSIONLOG_1_ENV_PATH: "/usr/bin",
    SESSION_LOG: "another program's",
  });
});

test("refuseUnknownVariables passes over the names that clients read, and names a mistyped one", () => {
  const names = "ADDRESS DAEMON SPILL_FILE DEBUG TOKEN TOKEN_FILE CA_FILE CERT_FILE KEY_FILE SERVER_NAME".split(" ");
  for (const name of names) refuseUnknownVariables({ [`SESSIONLOG_${name}`]: "1" });
  expect(() => refuseUnknownVariables({ SESSIONLOG_SPIL_FILE: "1" })).toThrow("did you mean SESSIONLOG_SPILL_FILE?");
});
