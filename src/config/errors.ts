/** The configuration cannot be used. The message is one line that names the key, where it was set, and what was expected. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "is a directory",
  ENOTDIR: "a part of the path is not a directory",
  ENAMETOOLONG: "the path is too long",
  ELOOP: "too many symbolic links",
  EMFILE: "too many open files (see ulimit -n)",
  ENFILE: "too many open files in the whole system",
  ENOMEM: "not enough memory",
  ENOSPC: "no space left on the device",
};

/** The system's code of an error, such as ENOENT; undefined when it has none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Whether an operation of the system failed, such as one on a file: no defect. */
export function isSystemError(error: unknown): error is Error & { readonly syscall: string; readonly path?: string } {
  return errorCode(error) !== undefined && error instanceof Error && "syscall" in error;
}

/** What the system said about a file, in words, without the path. */
export function describeFileError(error: unknown): string {
  const code = errorCode(error);
  return (code && FILE_ERRORS[code]) || code || (error instanceof Error ? error.message : String(error));
}
