import type { Column, Json } from "../../api.js";
import { ScrollWide } from "./scroll.js";

/** An answer's columns and rows. */
export function AnswerTable({
  columns,
  rows,
  label,
}: {
  columns: readonly Column[];
  rows: readonly (readonly Json[])[];
  label: string;
}) {
  return (
    <ScrollWide label={label}>
      <table class="answer">
        <thead>
          <tr>
            {columns.map(({ name, numeric }) => (
              <th key={name} scope="col" class={numeric ? "number" : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((value, column) => (
                <Cell key={columns[column]?.name} text={jsonText(value)} numeric={columns[column]?.numeric === true} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollWide>
  );
}

/** Longer texts are wrapped. */
const LONG = 40;

function Cell({ text, numeric }: { text: string; numeric: boolean }) {
  return <td class={numeric ? "number" : text.length > LONG ? "long" : undefined}>{text}</td>;
}

/** A value as a cell shows it: texts as they are, null as nothing. */
export function jsonText(value: Json): string {
  if (value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
