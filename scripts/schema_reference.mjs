// Makes the schema reference of docs/SESSION_LOG.md from the JSON Schema: `node scripts/schema_reference.mjs`.
// With --check it writes nothing, and exits 1 when the page has another.
import { readFileSync, writeFileSync } from "node:fs";

const page = new URL("../docs/SESSION_LOG.md", import.meta.url);
const schemaFile = new URL("../schema/session.iterate.v1.schema.json", import.meta.url);
const [begin, end] = ["<!-- schema -->\n", "<!-- end of schema -->"];

/** @param {any} schema  the JSON Schema of a row  @returns {string} Markdown */
function schemaReference(schema) {
  const rows = fieldRows(schema, schema, "");
  const head = ["| key | type | allowed | |", "| --- | --- | --- | --- |"];
  return [
    `A row has at most ${whole(schema.maxRowBytes)} bytes, its newline included, and these keys, in this order:`,
    "",
    ...head,
    ...rows,
  ].join("\n");
}

/** The rows for the keys of an object, and for those within them. */
function fieldRows(schema, object, prefix) {
  return Object.entries(object.properties).flatMap(([key, stated]) => {
    const field = { ...(stated.$ref === undefined ? {} : definition(schema, stated.$ref)), ...stated };
    const name = `${prefix}${key}`;
    const optional = object.required.includes(key) ? "" : ", optional";
    const row = `| \`${name}\` | ${field.type}${optional} | ${allowed(field)} | ${cell(field.description)} |`;
    return [row, ...(field.items === undefined ? [] : fieldRows(schema, field.items, `${name}[].`))];
  });
}

function definition(schema, reference) {
  const found = schema.$defs[reference.replace("#/$defs/", "")];
  if (found === undefined) throw new Error(`no ${reference} in the schema`);
  return found;
}

function allowed(field) {
  const parts = [
    field.const === undefined ? undefined : code(field.const),
    field.enum?.map(code).join(", "),
    range(field.minLength, field.maxLength, "characters"),
    range(field.minimum, field.maximum, ""),
    range(field.minItems, field.maxItems, "items"),
    field.maxJsonBytes === undefined ? undefined : `at most ${whole(field.maxJsonBytes)} bytes of JSON`,
    field.maxJsonDepth === undefined ? undefined : `at most ${field.maxJsonDepth} levels`,
    field.expected,
    field.examples === undefined || field.enum !== undefined
      ? undefined
      : `such as ${field.examples.map(code).join(", ")}`,
  ];
  return cell(parts.filter((part) => part !== undefined).join("; "));
}

function range(from, to, unit) {
  // A key with words to choose from says by them how long they are.
  if (to === undefined) return undefined;
  const numbers = from === undefined ? `at most ${whole(to)}` : `${whole(from)} to ${whole(to)}`;
  return `${numbers} ${unit}`.trim();
}

const code = (value) => `\`${value}\``;
const cell = (text) => text.replaceAll("|", "\\|");
const whole = (number) => number.toLocaleString("en-US");

/** The page with the reference between its marks. */
function withReference(text, reference) {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/SESSION_LOG.md has no ${begin.trim()} … ${end}`);
  return `${text.slice(0, from + begin.length)}\n${reference}\n\n${text.slice(to)}`;
}

const text = readFileSync(page, "utf8");
const made = withReference(text, schemaReference(JSON.parse(readFileSync(schemaFile, "utf8"))));
if (!process.argv.includes("--check")) writeFileSync(page, made);
else if (made !== text) {
  console.error("docs/SESSION_LOG.md is not what scripts/schema_reference.mjs makes: run it and commit the result");
  process.exitCode = 1;
}
