// Rows whose every text tries to run, to load something or to look like something else.

const TEXTS = [
  '<img src="https://evil.example/x" onerror="alert(1)">',
  "</script><script>alert(2)</script>",
  '"><svg onload=alert(3)>',
  "javascript:alert(4)",
  "invoice\u202egnp.exe",
  "\u001b]0;owned\u0007\u001b[31mred",
  "one\u2028two\u2029three\u0085four",
  "zero\u200bwidth\u200d\ufeff\u2060",
  "[link](https://evil.example) https://evil.example/auto",
  "{{constructor.constructor('alert(5)')()}}",
  '=HYPERLINK("https://evil.example")',
  "x".repeat(4000),
  "\u0000\u0001",
];

/** The roster knows one of them. */
export const ROSTER = `worker_id,name,role\nW-1,"<img src=x onerror=alert(6)>",welder\n`;

/** A row for each text, in every place that takes it; an accepted fill with a phantom each, and an exhausted one. */
export function hostileRows() {
  return TEXTS.flatMap((text, index) => {
    const id = `h${String(index).padStart(7, "0")}`;
    const row = {
      schema: "session.iterate.v1",
      session_id: id,
      timestamp: `2026-11-1${index % 9}T10:00:0${index % 10}Z`,
      daemon: text.slice(0, 64),
      kind: "fill",
      model: text.slice(0, 256),
      provider: text.slice(0, 256),
      prompt: text,
      iterations: 2,
      max_iterations: 3,
      final_verdict: "accepted",
      attempts: [
        { iteration: 0, verdict_kind: "validation_failed", error: text, span_id: text.slice(0, 100) },
        { iteration: 1, verdict_kind: "accepted", span_id: "b" },
      ],
      artifact: JSON.parse(
        `{"__proto__": {"polluted": true}, "constructor": 1, "fills": [{"candidate_id": ${JSON.stringify(text)}}, {"candidate_id": "W-1"}], ${JSON.stringify(text)}: [${JSON.stringify(text)}]}`,
      ),
      grounded_in_roster: index % 2 === 0,
      duration_ms: 10,
    };
    const { artifact, grounded_in_roster, ...refused } = row;
    const attempts = [0, 1, 2].map((iteration) => ({
      iteration,
      verdict_kind: "validation_failed",
      error: `${text} ${iteration}`,
    }));
    return [row, { ...refused, session_id: `${id}-x`, final_verdict: "max_iter_exhausted", iterations: 3, attempts }];
  });
}
