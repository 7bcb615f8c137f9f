import { readFile } from "node:fs/promises";
import { describeFileError } from "../errors.js";
import type { Token } from "../options.js";
import { isLocal } from "./address.js";
import { type CallFailure, callFailure } from "./failure.js";

/** Where a token comes from, and where it may go. */
export interface TokenOptions {
  readonly address: string;
  /** Undefined: without TLS. */
  readonly tls: object | undefined;
  /** Empty: none. */
  readonly token: Token;
  /** Wins over `token`; empty: none. */
  readonly token_file: string;
  readonly insecure_token: boolean;
}

/** The token that a client shows with its calls. */
export interface TokenSource {
  /** The metadata of a call, or why it cannot be made. Rejects when the token's function does, or takes too long. */
  metadata(deadline_ms: number): Promise<Readonly<Record<string, string>> | CallFailure>;
  /** Whether there is a token that can be used, and the last call had another one. */
  renewed(deadline_ms: number): Promise<boolean>;
  /** Whether it may change: that of a file or a function. */
  readonly renewable: boolean;
}

/** Why the options' token can never be sent; undefined when it can, or is known only when it is needed. */
export function tokenProblem(options: TokenOptions): string | undefined {
  const { token, token_file } = options;
  if (typeof token === "function" && token_file === "") return undefined;
  if (token === "" && token_file === "") return undefined;
  if (!mayLeave(options)) return ONLY_WITH_TLS;
  return token_file === "" && typeof token === "string" ? textProblem(token) : undefined;
}

const ONLY_WITH_TLS = "a token is sent to another machine only with tls or insecure_token";
/** More is no token, and more metadata than a service takes. */
const TOKEN_BYTES_MAX = 8_192;

function mayLeave({ address, tls, insecure_token }: TokenOptions): boolean {
  return tls !== undefined || insecure_token || isLocal(address);
}

function textProblem(token: string): string | undefined {
  if (token.length > TOKEN_BYTES_MAX) return `a token may have ${TOKEN_BYTES_MAX} bytes at most`;
  return /^[\x20-\x7e]*$/.test(token) ? undefined : "a token may have printable ASCII only";
}

export function createTokenSource(options: TokenOptions): TokenSource {
  const { token, token_file } = options;
  const renewable = token_file !== "" || typeof token === "function";
  let last: string | undefined;

  /** The token; empty for none. */
  async function read(deadline_ms: number): Promise<string | CallFailure> {
    if (token_file !== "") return readTokenFile(token_file);
    const text = typeof token === "function" ? await within(token(), deadline_ms) : token;
    const problem = textProblem(text);
    return problem === undefined ? text : callFailure("UNAUTHENTICATED", problem);
  }

  return {
    renewable,
    async metadata(deadline_ms) {
      const text = await read(deadline_ms);
      last = typeof text === "string" ? text : undefined;
      if (typeof text !== "string") return text;
      if (text === "") return {};
      return mayLeave(options) ? { authorization: `Bearer ${text}` } : callFailure("UNAUTHENTICATED", ONLY_WITH_TLS);
    },
    async renewed(deadline_ms) {
      if (!renewable) return false;
      const text = await read(deadline_ms).catch(() => undefined);
      return typeof text === "string" && text !== last;
    },
  };
}

/** Read for each call, as a token may be renewed. */
async function readTokenFile(path: string): Promise<string | CallFailure> {
  try {
    const text = (await readFile(path, "latin1")).trim();
    // As while it is being written.
    const problem = text === "" ? "it is empty" : textProblem(text);
    return problem === undefined ? text : callFailure("UNAUTHENTICATED", `token_file: ${path}: ${problem}`);
  } catch (error) {
    return callFailure("UNAUTHENTICATED", `token_file: ${describeFileError(path, error)}`);
  }
}

/** What the daemon's function returned; rejects when it takes too long. */
function within(answer: string | Promise<string>, deadline_ms: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the token function took too long")), deadline_ms).unref();
    Promise.resolve(answer)
      .then((text) => resolve(text || ""), reject)
      .finally(() => clearTimeout(timer));
  });
}
