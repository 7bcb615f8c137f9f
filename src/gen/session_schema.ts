// Made by `npm run generate`; do not edit.
/** schema/session.iterate.v1.schema.json, the one home of the row's shape and limits. */
export const sessionSchema = {
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "session.iterate.v1",
  "title": "A row of the session log",
  "description": "One session: one generate, validate, retry loop of a daemon. A row is one line of compact UTF-8 JSON with its keys in this order, and is also the ProtoJSON of sessionlog.v1.SessionRecord.",
  "$comment": "Keywords of this project's own: maxRowBytes is the most bytes a row may have, its newline included; maxJsonBytes the most UTF-8 bytes of a value's compact JSON; maxJsonDepth the most levels of objects and lists, the value itself being the first; expected is what a refusal says was expected. Other validators pass over them.",
  "type": "object",
  "required": [
    "schema",
    "session_id",
    "timestamp",
    "daemon",
    "kind",
    "model",
    "provider",
    "prompt",
    "iterations",
    "max_iterations",
    "final_verdict",
    "attempts",
    "duration_ms"
  ],
  "additionalProperties": false,
  "maxRowBytes": 8388608,
  "properties": {
    "schema": {
      "title": "Schema",
      "description": "Which schema the row follows. Stamped by the service when a record leaves it empty; any other value is refused.",
      "type": "string",
      "const": "session.iterate.v1"
    },
    "session_id": {
      "title": "Session id",
      "description": "The session's trace id, the same as in Langfuse. When a record leaves it empty, the caller's trace id is taken, else a new random one of 32 hex digits.",
      "$ref": "#/$defs/id",
      "examples": [
        "4bf92f3577b34da6a3ce929d0e0e4736"
      ]
    },
    "timestamp": {
      "title": "Timestamp",
      "description": "When the session ended: RFC 3339 in UTC, years 0001 to 9999, up to nanoseconds, without trailing zeros. Stamped by the service when a record has none.",
      "type": "string",
      "format": "date-time",
      "pattern": "^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{0,8}[1-9])?Z$",
      "expected": "a time in the years 0001 to 9999 with 0 to 999,999,999 nanoseconds",
      "examples": [
        "2026-05-02T05:22:09.123456789Z"
      ]
    },
    "daemon": {
      "title": "Daemon",
      "description": "The program that ran the session. When a record leaves it empty, the caller's authenticated identity, else the service's configured default.",
      "type": "string",
      "minLength": 1,
      "maxLength": 64,
      "pattern": "^[A-Za-z0-9._-]+$",
      "expected": "only A-Z a-z 0-9 . _ -",
      "examples": [
        "validatord"
      ]
    },
    "kind": {
      "title": "Kind",
      "description": "What was generated: one of the kinds that the service is configured with, by default fill, email and playbook. The service joins them to this schema when it starts.",
      "type": "string",
      "minLength": 1,
      "examples": [
        "fill",
        "email",
        "playbook"
      ]
    },
    "model": {
      "title": "Model",
      "description": "The model that answered. Empty when the daemon did not say.",
      "$ref": "#/$defs/name",
      "examples": [
        "qwen3:8b"
      ]
    },
    "provider": {
      "title": "Provider",
      "description": "Who serves the model. Empty when the daemon did not say.",
      "$ref": "#/$defs/name",
      "examples": [
        "ollama"
      ]
    },
    "prompt": {
      "title": "Prompt",
      "description": "What was asked; a record's longer text is cut to this many code points.",
      "type": "string",
      "maxLength": 4000
    },
    "iterations": {
      "title": "Iterations",
      "description": "How many attempts were made. Not above max_iterations, unless that is 0.",
      "type": "integer",
      "minimum": 0,
      "maximum": 1000
    },
    "max_iterations": {
      "title": "Allowed iterations",
      "description": "How many attempts were allowed; 0 when the daemon did not say.",
      "type": "integer",
      "minimum": 0,
      "maximum": 1000
    },
    "final_verdict": {
      "title": "Final verdict",
      "description": "How the session ended.",
      "type": "string",
      "minLength": 1,
      "enum": [
        "accepted",
        "max_iter_exhausted",
        "infra_error"
      ]
    },
    "attempts": {
      "title": "Attempts",
      "description": "The attempts in their order, their numbers strictly rising; an empty list when none is known. An accepted session with attempts ends with its only accepted one; no other session has one.",
      "type": "array",
      "maxItems": 1000,
      "items": {
        "title": "Attempt",
        "description": "One attempt within the session.",
        "type": "object",
        "required": [
          "iteration",
          "verdict_kind"
        ],
        "additionalProperties": false,
        "properties": {
          "iteration": {
            "title": "Iteration",
            "description": "The attempt's number, above that of the attempt before it.",
            "type": "integer",
            "minimum": 0,
            "maximum": 2147483647
          },
          "verdict_kind": {
            "title": "Verdict",
            "description": "What became of the attempt.",
            "type": "string",
            "minLength": 1,
            "enum": [
              "no_json",
              "validation_failed",
              "accepted",
              "infra_error"
            ]
          },
          "error": {
            "title": "Error",
            "description": "Why the attempt was refused; a record's longer text is cut to this many code points. Left out when there is nothing to say.",
            "type": "string",
            "minLength": 1,
            "maxLength": 4000
          },
          "span_id": {
            "title": "Span id",
            "description": "The attempt's span within the trace. Left out when not known.",
            "$ref": "#/$defs/id",
            "examples": [
              "00f067aa0ba902b7"
            ]
          }
        }
      }
    },
    "artifact": {
      "title": "Artifact",
      "description": "What was accepted, as canonical JSON: keys sorted and numbers printed as RFC 8785 does, at every level. Only with final_verdict accepted; left out when there is none.",
      "type": "object",
      "maxJsonBytes": 1048576,
      "maxJsonDepth": 32
    },
    "grounded_in_roster": {
      "title": "Grounded in the roster",
      "description": "Whether every person named in the artifact is on the roster. Left out when nobody checked, which is not the same as false. Only with final_verdict accepted.",
      "type": "boolean"
    },
    "duration_ms": {
      "title": "Duration",
      "description": "How long the session took, in milliseconds.",
      "type": "integer",
      "minimum": 0,
      "maximum": 9007199254740991
    }
  },
  "$defs": {
    "id": {
      "title": "Trace or span id",
      "type": "string",
      "minLength": 1,
      "maxLength": 128,
      "pattern": "^[A-Za-z0-9._:-]+$",
      "expected": "only A-Z a-z 0-9 . _ : -"
    },
    "name": {
      "title": "Short text",
      "type": "string",
      "maxLength": 256,
      "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
      "expected": "no control characters"
    }
  }
} as const;
