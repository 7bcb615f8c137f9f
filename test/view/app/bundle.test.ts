import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const KB = 1000;
const directory = new URL("../../../dist/view/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, directory));
const entry = Object(JSON.parse(read("manifest.json").toString()))["main.tsx"];
const [style = ""]: readonly string[] = entry.css;
const script: string = entry.file;

describe("the built page", () => {
  test("is at most 150 KB of JavaScript and 30 KB of CSS before compression, in a file each", () => {
    expect(entry.imports ?? []).toEqual([]);
    expect(entry.css).toHaveLength(1);
    expect(read(script).length).toBeLessThanOrEqual(150 * KB);
    expect(read(style).length).toBeLessThanOrEqual(30 * KB);
  });

  test("has names that change with what is in it", () => {
    expect(script).toMatch(/^app-[\w-]{8}\.js$/);
    expect(style).toMatch(/^app-[\w-]{8}\.css$/);
  });

  test("runs no text as code, and loads nothing from elsewhere", () => {
    const text = read(script).toString();
    expect(text).not.toMatch(/\beval\(|new Function\(|document\.write/);
    expect(read(style).toString()).not.toMatch(/url\(|@import|https?:/);
    const addresses = [...text.matchAll(/https?:\/\/[\w./-]+/g)].map(([address]) => address);
    expect(addresses.filter((address) => !address.startsWith("http://www.w3.org/"))).toEqual([]);
  });
});

test("the report's renderer needs no package", () => {
  const imported = [
    ...read("report.js")
      .toString()
      .matchAll(/(?:from|import)\s*\(?["']([^"']+)["']/g),
  ];
  expect(imported.map(([, name]) => name)).toEqual([]);
});
