import { expect, test } from "vitest";
import { csvOf } from "../../../../src/view/app/text/csv.js";

test("csvOf quotes what has to be, and runs no formula", () => {
  const columns = [
    { name: "a,b", numeric: false },
    { name: "n", numeric: true },
  ];
  const rows = [
    ["=1+1", 2],
    ['x "y"\nz', null],
    [{ k: [1] }, -3],
  ];
  expect(csvOf(columns, rows)).toBe('"a,b",n\r\n\'=1+1,2\r\n"x ""y""\nz",\r\n"{""k"":[1]}",-3\r\n');
});
