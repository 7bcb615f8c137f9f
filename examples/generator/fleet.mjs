// Which daemons run, with which models, how well each model does, and what goes wrong around them.

/** The first day, a Monday, and how many weeks there are. */
export const firstDay_ms = Date.UTC(2026, 9, 5);
export const weeks = 6;

const go_ns = (random) => random.int(0, 999_999_999);
const python_us = (random) => random.int(0, 999_999) * 1000;
const node_ms = (random) => random.int(0, 999) * 1_000_000;

/** `share`: of all sessions; `until_week`: from that week on the daemon is silent. */
export const daemons = [
  {
    name: "validatord",
    share: 46,
    max_iterations: 3,
    nanos: go_ns,
    kinds: [
      ["fill", 80],
      ["email", 8],
      ["playbook", 12],
    ],
  },
  { name: "shiftbot", share: 24, max_iterations: 3, nanos: node_ms, kinds: [["fill", 100]] },
  { name: "mailsmith", share: 18, max_iterations: 2, nanos: python_us, kinds: [["email", 100]], uuids: true },
  {
    name: "runbookd",
    share: 12,
    max_iterations: 4,
    nanos: go_ns,
    kinds: [
      ["playbook", 70],
      ["fill", 30],
    ],
    until_week: 5,
  },
];

/**
 * `first_shot`: the share of sessions whose first attempt is accepted, week by week; qwen3:8b falls behind in week 4 (a new
 * quantisation, say). `retry`: the chance of each later attempt. `no_json`: of the refusals. `base_ms`: one call.
 */
export const models = [
  {
    name: "qwen3:8b",
    provider: "ollama",
    share: 38,
    base_ms: 900,
    retry: 0.56,
    no_json: 0.35,
    first_shot: [0.71, 0.72, 0.7, 0.71, 0.52, 0.49],
  },
  {
    name: "llama3.1:70b",
    provider: "vllm",
    share: 20,
    base_ms: 3100,
    retry: 0.62,
    no_json: 0.2,
    first_shot: [0.76, 0.77, 0.76, 0.78, 0.78, 0.79],
  },
  {
    name: "gpt-4.1-mini",
    provider: "openai",
    share: 22,
    base_ms: 1300,
    retry: 0.68,
    no_json: 0.08,
    first_shot: [0.82, 0.83, 0.83, 0.82, 0.84, 0.84],
  },
  {
    name: "claude-sonnet-4-5",
    provider: "anthropic",
    share: 13,
    base_ms: 2200,
    retry: 0.78,
    no_json: 0.04,
    first_shot: [0.89, 0.9, 0.89, 0.91, 0.9, 0.91],
  },
  {
    name: "mistral-small3.2:24b",
    provider: "ollama",
    share: 7,
    base_ms: 1900,
    retry: 0.58,
    no_json: 0.28,
    first_shot: [0.66, 0.68, 0.69, 0.7, 0.71, 0.72],
  },
];

/** The share of sessions that end because something around the model failed. */
export const infraShare = 0.025;

/** What a daemon notes when a model's provider cannot be reached. */
export const infraErrors = {
  ollama: [
    'chat: Post "http://127.0.0.1:11434/api/chat": dial tcp 127.0.0.1:11434: connect: connection refused',
    "chat: 500 Internal Server Error: llama runner process has terminated: signal: killed",
  ],
  vllm: ["chat: context deadline exceeded after 120s", "chat: EOF"],
  openai: ["chat: 429 Too Many Requests: rate limit reached", "chat: 503 Service Unavailable"],
  anthropic: ['chat: 529 {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'],
};
