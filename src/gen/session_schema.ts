// Made by `npm run generate`; do not edit.
/** schema/session.iterate.v1.schema.json, the one home of the row's shape and limits. */
export const sessionSchema = {
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "session.iterate.v1",
  "title": "session.iterate.v1",
  "description": "One row of the session log: one generate, validate, retry loop of a daemon.",
  "type": "object",
  "properties": {}
} as const;
