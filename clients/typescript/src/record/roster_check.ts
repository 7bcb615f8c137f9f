/** Whether the workers that an artifact names are on the roster; undefined: unknown. */
export type RosterCheck = (artifact: object) => boolean | undefined;

/** Where artifacts name workers: `[]` stands for each item of a list. */
export const WORKER_ID_PATHS: readonly string[] = ["fills[].candidate_id", "fills[].worker_id", "worker_id"];

/**
 * A check for `buildSessionRecord`: true when `lookup` finds every worker id that the artifact names, false when it
 * misses one. Undefined, unknown, for kinds other than fill, and when the artifact names nobody at these paths.
 *
 * `paths` lists where ids are, or is a function that finds them. An id that is neither text nor an integer is never
 * found. An error of `lookup`, or a promise that it returns, is an error of the check, which `buildSessionRecord`
 * treats as unknown.
 */
export function rosterCheckFor(
  kind: string,
  lookup: (worker_id: string) => unknown,
  paths: readonly string[] | ((artifact: object) => Iterable<unknown>) = WORKER_ID_PATHS,
): RosterCheck {
  return (artifact) => {
    if (kind !== "fill") return undefined;
    const found = typeof paths === "function" ? paths(artifact) : idsAt(artifact, paths);
    let grounded: boolean | undefined;
    for (const worker_id of found) {
      if (!isKnown(worker_id, lookup)) return false;
      grounded = true;
    }
    return grounded;
  };
}

function isKnown(worker_id: unknown, lookup: (worker_id: string) => unknown): boolean {
  const id = Number.isSafeInteger(worker_id) ? `${worker_id}` : worker_id;
  if (typeof id !== "string" || id === "") return false;
  return Boolean(answeredAtOnce(lookup(id)));
}

/** The answer. Throws for a promise of any library, which would count as a worker who is found. */
export function answeredAtOnce(answer: unknown): unknown {
  if ((typeof answer !== "object" && typeof answer !== "function") || answer === null) return answer;
  if (!("then" in answer) || typeof answer.then !== "function") return answer;
  // Nobody awaits it, so its rejection would end the process. Other libraries' promises start only when awaited.
  if (answer instanceof Promise) answer.catch(() => undefined);
  throw new TypeError("a roster check and its lookup must answer at once");
}

function* idsAt(artifact: object, paths: readonly string[]): Generator<unknown> {
  for (const path of paths) yield* valuesAt(artifact, path.replaceAll("[]", ".[]").split("."));
}

function* valuesAt(value: unknown, [step, ...rest]: readonly string[]): Generator<unknown> {
  if (step === undefined) yield value;
  else if (step === "[]") {
    if (Array.isArray(value)) for (const item of value) yield* valuesAt(item, rest);
  } else if (isObject(value) && Object.hasOwn(value, step) && value[step] !== undefined)
    yield* valuesAt(value[step], rest);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
