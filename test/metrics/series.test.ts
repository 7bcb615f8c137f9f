import { Histogram, Registry } from "prom-client";
import { expect, test } from "vitest";
import { addCounter, addHistogram } from "../../src/metrics/series.js";

const VALUES = [0, 0.0001, 0.1, 0.10001, 0.5, 1, 7, 10, 10.5, 1e9];

test("addHistogram counts as prom-client's own does", async () => {
  const [one, other] = [new Registry(), new Registry()];
  const buckets = [0.0001, 0.1, 1, 10];
  const definition = { name: "h", help: "A histogram." };
  const own = new Histogram({ ...definition, labelNames: ["a", "b"], buckets, registers: [one] });
  const add = addHistogram(other, { ...definition, labels: ["a", "b"] }, buckets);
  for (const labels of [
    { a: "x", b: "y" },
    { a: "z", b: "" },
  ]) {
    const observe = add(labels);
    for (const value of VALUES) {
      own.observe(labels, value);
      observe(value);
    }
  }
  expect(await other.metrics()).toBe(await one.metrics());
});

test("addHistogram without labels has one series", async () => {
  const registry = new Registry();
  addHistogram(registry, { name: "h", help: "A histogram." }, [1])({})(0.5);
  expect(await registry.metrics()).toContain('h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 0.5\nh_count 1\n');
});

test("addCounter begins each series at 0, and gives the same one for the same labels", async () => {
  const registry = new Registry();
  const counter = addCounter(registry, { name: "c_total", help: "A counter.", labels: ["a", "b"] });
  counter({ a: "x" });
  counter({ a: "x", b: "y" }).count += 1;
  counter({ b: "y", a: "x" }).count += 2;
  for (let scrape = 0; scrape < 2; scrape += 1) {
    expect(await registry.metrics()).toContain('c_total{a="x"} 0\nc_total{a="x",b="y"} 3\n');
  }
});
