/** What a daemon's tests import as `@sessionlog/client/testing`. */

export {
  createMemoryLogger,
  type MemoryLogger,
  type MemoryLoggerOptions,
  type RefusedRecord,
} from "./memory_logger.js";
