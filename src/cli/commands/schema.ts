import { sessionSchema } from "@sessionlog/protocol/gen/session_schema";
import { Command } from "commander";
import { type CliCommand, write } from "../context.js";
import { addConfigOptions } from "../options/settings_options.js";

/** `sessionlog schema`: prints the JSON Schema of a row. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog schema").description(description);
  const options = addConfigOptions(command, ({ section, key }) => section === "record" && key === "kinds");
  return {
    command,
    help: schemaHelp,
    async run(context) {
      const { kinds } = options.load(context).config.record;
      await write(context.stdout, `${JSON.stringify(schemaWithKinds(kinds), null, 2)}\n`);
      return 0;
    },
  };
}

/** The schema as the service applies it. */
export function schemaWithKinds(kinds: readonly string[]): object {
  const { properties } = sessionSchema;
  return { ...sessionSchema, properties: { ...properties, kind: { ...properties.kind, enum: kinds } } };
}

const description = `Prints the JSON Schema (draft 2020-12) that every row of the session log matches, with the
configured kinds, as the service applies it.`;

const schemaHelp = `
It does not contain the rules that compare fields; "sessionlog verify" applies these too. The kinds are those of the
configuration: --record-kinds, SESSIONLOG_RECORD_KINDS, [record] kinds of the file.

Environment:
  SESSIONLOG_CONFIG        the configuration file, unless --config is given
  SESSIONLOG_RECORD_KINDS  the kinds, separated by commas

Exit status:
  0  done
  2  wrong usage or configuration

Example:
  sessionlog schema > session.iterate.v1.schema.json`;
