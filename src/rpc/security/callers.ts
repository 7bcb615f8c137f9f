import type { Role, Token } from "../../config/auth_file.js";

/** An authenticated client. */
export interface Caller {
  readonly name: string;
  /** See Identity. */
  readonly daemons: readonly string[];
  readonly roles: ReadonlySet<Role>;
  /** That it came with, if it did. */
  readonly token?: Token;
  /** The names of its certificate, when it is known by them. */
  readonly certificate_names?: readonly string[];
}

/** Who makes a call: decided when its stream comes, and asked for by its metadata, which is all that handlers have of it. */
export interface Callers {
  /** The stream is a call of this one. */
  admit(stream: object, caller: Caller | undefined): void;
  /** The stream's metadata is this. */
  pass(stream: object, metadata: object): void;
  of(metadata: object): Caller | undefined;
}

export function createCallers(): Callers {
  const callers = new WeakMap<object, Caller>();
  return {
    admit(stream, caller) {
      if (caller !== undefined) callers.set(stream, caller);
    },
    pass(stream, metadata) {
      const caller = callers.get(stream);
      if (caller !== undefined) callers.set(metadata, caller);
    },
    of: (metadata) => callers.get(metadata),
  };
}
