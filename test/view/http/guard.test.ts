import { describe, expect, test } from "vitest";
import { guard } from "../../../src/view/http/guard.js";

const TOKEN = "token-0123456789_abc";
const PORT = 43127;
const OWN = { host: `127.0.0.1:${PORT}` };
const ask = (headers: Record<string, string | undefined>, url = `/${TOKEN}/api/overview?kind=fill`, method = "GET") =>
  guard({ method, url, headers }, { port: PORT, token: TOKEN });
const statusOf = (...args: Parameters<typeof ask>) => {
  const verdict = ask(...args);
  return verdict.ok ? 200 : verdict.status;
};

describe("guard", () => {
  test("lets its own page ask, and gives what follows the token", () => {
    const verdict = ask({ ...OWN, origin: `http://127.0.0.1:${PORT}`, "sec-fetch-site": "same-origin" });
    expect(verdict).toMatchObject({ ok: true, path: "/api/overview" });
    expect(verdict.ok && verdict.query.get("kind")).toBe("fill");
  });

  test.each([
    [`127.0.0.1:${PORT}`, 200],
    [`localhost:${PORT}`, 200],
    [`[::1]:${PORT}`, 200],
    [undefined, 403],
    ["", 403],
    ["evil.example", 403],
    [`evil.example:${PORT}`, 403],
    [`127.0.0.1.nip.io:${PORT}`, 403],
    [`127.0.0.1:${PORT + 1}`, 403],
    ["127.0.0.1", 403],
    [`127.0.0.2:${PORT}`, 403],
    [`LOCALHOST:${PORT}`, 403],
    [`localhost.:${PORT}`, 403],
    [`user@127.0.0.1:${PORT}`, 403],
    [`127.0.0.1:${PORT}, evil.example`, 403],
    [`0.0.0.0:${PORT}`, 403],
    [`[::ffff:127.0.0.1]:${PORT}`, 403],
  ])("answers Host %s with %i", (host, status) => {
    expect(statusOf({ host })).toBe(status);
  });

  test.each([
    [undefined, 200],
    ["none", 200],
    ["same-origin", 200],
    ["same-site", 403],
    ["cross-site", 403],
    ["", 403],
    ["SAME-ORIGIN", 403],
  ])("answers Sec-Fetch-Site %s with %i", (site, status) => {
    expect(statusOf({ ...OWN, "sec-fetch-site": site })).toBe(status);
  });

  test.each([
    [undefined, 200],
    [`http://127.0.0.1:${PORT}`, 200],
    ["null", 403],
    ["", 403],
    [`https://127.0.0.1:${PORT}`, 403],
    [`http://localhost:${PORT}`, 403],
    [`http://127.0.0.1:${PORT}/`, 403],
    ["http://evil.example", 403],
    ["file://", 403],
  ])("answers Origin %s with %i", (origin, status) => {
    expect(statusOf({ ...OWN, origin })).toBe(status);
  });

  test.each([
    [`/${TOKEN}/`, 200],
    [`/${TOKEN}/api/facets`, 200],
    [`/${TOKEN}`, 401],
    ["/", 401],
    ["", 401],
    ["*", 401],
    ["/api/overview", 401],
    [`/${TOKEN}x/api/overview`, 401],
    [`/${TOKEN.slice(1)}/api/overview`, 401],
    [`/${TOKEN.toUpperCase()}/`, 401],
    [`//${TOKEN}/`, 401],
    [`/${TOKEN.replace("t", "%74")}/`, 401],
    [`http://127.0.0.1:${PORT}/${TOKEN}/`, 401],
    [`/${"x".repeat(5000)}/`, 401],
    [`/${TOKEN}/#${TOKEN}`, 401],
  ])("answers the path %s with %i", (url, status) => {
    expect(statusOf(OWN, url)).toBe(status);
  });

  test.each(["POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", ""])(
    "answers %s with 405",
    (method) => {
      expect(ask(OWN, `/${TOKEN}/api/overview`, method)).toMatchObject({ ok: false, status: 405, allow: "GET" });
      const sql = ask(OWN, `/${TOKEN}/api/sql`, method);
      expect(sql.ok).toBe(method === "POST");
    },
  );

  test("says the first thing that is wrong: host, site, origin, token, method", () => {
    const wrong = { host: "evil.example", "sec-fetch-site": "cross-site", origin: "http://evil.example" };
    const code = (headers: Record<string, string>) => {
      const verdict = ask(headers, "/wrong/api/overview", "POST");
      return verdict.ok ? "" : verdict.message;
    };
    expect(code(wrong)).toContain("Host");
    expect(code({ ...wrong, ...OWN })).toContain("site");
    expect(code({ ...OWN, origin: wrong.origin })).toContain("origin");
    expect(code(OWN)).toContain("address");
    expect(ask(OWN, `/${TOKEN}/`, "POST")).toMatchObject({ status: 405 });
  });

  test("lets another page lead to this one, by a link or a redirect, and to nothing else of it", () => {
    const led = { ...OWN, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    expect(statusOf(led, `/${TOKEN}/?kind=fill`)).toBe(200);
    expect(statusOf(led, "/wrong/")).toBe(403);
    expect(statusOf(led, `/${TOKEN}/api/overview`)).toBe(403);
    expect(statusOf({ ...led, "sec-fetch-dest": "iframe" }, `/${TOKEN}/`)).toBe(403);
    expect(statusOf({ ...led, "sec-fetch-mode": "no-cors" }, `/${TOKEN}/`)).toBe(403);
    expect(statusOf({ ...led, host: "evil.example" }, `/${TOKEN}/`)).toBe(403);
    expect(statusOf(led, `/${TOKEN}/`, "POST")).toBe(403);
  });
});
