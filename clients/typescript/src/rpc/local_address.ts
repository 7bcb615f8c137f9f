/** Addresses of this machine. */

const LOCAL = /^(unix:.*|(dns:(\/\/\/)?|ipv[46]:)?(127\.[0-9.]+|localhost|\[::1\])(:[0-9]+)?)$/;

/** Whether what is sent to a gRPC address stays on this machine. */
export function isLocal(address: string): boolean {
  return LOCAL.test(address);
}
