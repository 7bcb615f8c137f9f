import { constants } from "node:os";

/** The system's name of an error, for example "ENOSPC"; "" when the value has none. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  // Node gives no name to what libuv does not know, EDQUOT among it: only the number.
  const number = /^Unknown system error -(\d+)$/.exec(code)?.[1];
  const known = Object.entries(constants.errno).find(([, errno]) => errno === Number(number));
  return known?.[0] ?? code;
}

/** A failed operation in words: of Node's message "CODE: text, call 'path'" the code and the text. */
export function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = errorCode(error);
  if (code === "") return message;
  const text = message.replace(/^([A-Z0-9]+: )?([^,]*).*$/s, "$1$2");
  return text.startsWith(code) ? text : `${code}: ${text}`;
}

/** The file of a failed operation, if the error has it. */
export function errorPath(error: unknown): string | undefined {
  return error instanceof Error && "path" in error && typeof error.path === "string" ? error.path : undefined;
}

/** Whether a failure may pass by itself, without anything lost: see isNoSpace and isShortage. */
export function isPassing(error: unknown): boolean {
  return isNoSpace(error) || isShortage(error);
}

/** Whether an operation failed for lack of descriptors (of the process or the machine) or memory. */
export function isShortage(error: unknown): boolean {
  return ["EMFILE", "ENFILE", "ENOMEM"].includes(errorCode(error));
}

/** Whether an operation failed for lack of room: disk, quota or file size limit. */
export function isNoSpace(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG"].includes(errorCode(error));
}
