import { constants } from "node:os";

/** The system's name of an error, for example "ENOSPC"; "" when the value has none. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  // Node gives no name to what libuv does not know, EDQUOT among it: only the number.
  const number = /^Unknown system error -(\d+)$/.exec(code)?.[1];
  const known = Object.entries(constants.errno).find(([, errno]) => errno === Number(number));
  return known?.[0] ?? code;
}

/** What a person is told of a failed operation. Node's message is "CODE: text, call 'path'", of which the text is enough. */
export function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = errorCode(error);
  if (code === "") return message;
  const text = message.replace(/^([A-Z0-9]+: )?([^,]*).*$/s, "$1$2");
  return text.startsWith(code) ? text : `${code}: ${text}`;
}

/** The file that a failed operation was about, where the error tells it. */
export function errorPath(error: unknown): string | undefined {
  return error instanceof Error && "path" in error && typeof error.path === "string" ? error.path : undefined;
}

/** Whether an operation failed because there is no room: on the disk, in the quota, or under the file size limit. */
export function isNoSpace(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EFBIG"].includes(errorCode(error));
}
