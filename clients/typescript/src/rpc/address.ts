/** Which addresses can be used: `host:port`, `unix:/path`, and gRPC's own targets. */

/** Targets that grpc-js resolves by their scheme. A port alone may follow a host of the name `dns`. */
const TARGET = /^(unix:.|dns:(\d*\D)|ipv[46]:.)/;
const HOST_AND_PORT = /^(\[[0-9A-Fa-f:.]+(%\w+)?\]|[^:/\s[\]]+):(\d{1,5})$/;
const PORT_MAX = 65_535;

/** What is wrong with an address; undefined when it can be used. The cases are clients/cases/addresses.jsonl. */
export function addressProblem(address: string): string | undefined {
  if (TARGET.test(address)) return undefined;
  const port = HOST_AND_PORT.exec(address)?.[3];
  if (port !== undefined && Number(port) <= PORT_MAX) return undefined;
  return `expected host:port or unix:/path, not ${JSON.stringify(address)}`;
}

const LOCAL = /^(unix:.*|(dns:(\/\/\/)?|ipv[46]:)?(127\.[0-9.]+|localhost|\[::1\])(:[0-9]+)?)$/;

/** Whether what is sent to a gRPC address stays on this machine. */
export function isLocal(address: string): boolean {
  return LOCAL.test(address);
}
