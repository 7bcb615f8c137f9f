// Sessions over some weeks, in the order in which they ended.
import { daemons, firstDay_ms, infraErrors, infraShare, models, weeks } from "./fleet.mjs";
import { timestampText } from "./row.mjs";
import { makeTask, noJsonText } from "./tasks.mjs";

const hour_ms = 3_600_000;
const week_ms = 7 * 24 * hour_ms;
const dayWeights = [10, 10, 10, 10, 9, 4, 2].map((weight, day) => [day, weight]);
const hourWeights = [1, 0, 0, 0, 2, 6, 9, 10, 9, 8, 8, 7, 8, 10, 9, 7, 5, 4, 3, 3, 4, 6, 3, 1].map((weight, hour) => [
  hour,
  weight,
]);

// Which of the accepted fills, in the order of time, raise the alarm: one names a phantom, one was never checked.
const ungroundedFill = 431;
const uncheckedFill = 702;

/**
 * @param {import("./random.mjs").Random} random
 * @param {readonly import("./roster.mjs").Worker[]} roster
 * @param {number} count
 * @returns {object[]} for `rowOf`
 */
export function makeSessions(random, roster, count) {
  let acceptedFills = 0;
  return drawTimes(random, count).map((unix_ms) => {
    const session = makeSession(random, roster, unix_ms);
    if (session.kind !== "fill" || session.final_verdict !== "accepted") return session;
    acceptedFills += 1;
    if (acceptedFills === ungroundedFill) return withPhantom(session, random);
    if (acceptedFills === uncheckedFill) return { ...session, grounded_in_roster: undefined };
    return session;
  });
}

/** Whole seconds, in milliseconds since 1970, each later than the one before. */
function drawTimes(random, count) {
  const times = Array.from({ length: count }, () => {
    const hours = (random.int(0, weeks - 1) * 7 + random.weighted(dayWeights)) * 24 + random.weighted(hourWeights);
    return firstDay_ms + hours * hour_ms + random.int(0, 3599) * 1000;
  }).sort((a, b) => a - b);
  for (let index = 1; index < count; index += 1) times[index] = Math.max(times[index], times[index - 1] + 1000);
  return times;
}

function makeSession(random, roster, unix_ms) {
  const week = Math.floor((unix_ms - firstDay_ms) / week_ms);
  const running = daemons.filter(({ until_week = weeks }) => week < until_week);
  const daemon = random.weighted(running.map((each) => [each, each.share]));
  const model = random.weighted(models.map((each) => [each, each.share]));
  const kind = random.weighted(daemon.kinds);
  const task = makeTask(kind, random, roster);
  const outcome = random.chance(infraShare)
    ? infraOutcome(daemon, model, task, random)
    : outcomeOf(daemon, model, week, task, random);
  const accepted = outcome.final_verdict === "accepted";
  return {
    session_id: daemon.uuids ? uuid(random) : random.hex(32),
    timestamp: timestampText(unix_ms, daemon.nanos(random)),
    daemon: daemon.name,
    kind,
    model: model.name,
    provider: model.provider,
    prompt: task.prompt,
    max_iterations: daemon.max_iterations,
    artifact: accepted ? task.artifact() : undefined,
    grounded_in_roster: accepted ? groundedStamp(kind, random) : undefined,
    ...outcome,
  };
}

/** Attempts until one is accepted or the daemon gives up. */
function outcomeOf(daemon, model, week, task, random) {
  const attempts = [];
  let duration_ms = random.int(5, 40);
  while (attempts.length < daemon.max_iterations) {
    duration_ms += callTime(model, random);
    if (random.chance(attempts.length === 0 ? model.first_shot[week] : model.retry)) {
      attempts.push(attempt(attempts.length, "accepted", "", daemon, random));
      return { attempts, final_verdict: "accepted", duration_ms };
    }
    attempts.push(refusedAttempt(attempts.length, daemon, model, task, random));
  }
  return { attempts, final_verdict: "max_iter_exhausted", duration_ms };
}

/** The provider fails: before a model was chosen, at the first call, or after a refusal. */
function infraOutcome(daemon, model, task, random) {
  const duration_ms = random.pick([30_000, 60_000, 120_000]) + random.int(3, 900);
  if (random.chance(0.2))
    return { attempts: [], final_verdict: "infra_error", duration_ms: random.int(1, 20), model: "", provider: "" };
  const attempts = random.chance(0.3) ? [refusedAttempt(0, daemon, model, task, random)] : [];
  attempts.push(attempt(attempts.length, "infra_error", random.pick(infraErrors[model.provider]), daemon, random));
  return { attempts, final_verdict: "infra_error", duration_ms };
}

function refusedAttempt(iteration, daemon, model, task, random) {
  return random.chance(model.no_json)
    ? attempt(iteration, "no_json", noJsonText(random), daemon, random)
    : attempt(iteration, "validation_failed", task.refusal(), daemon, random);
}

/** The daemon with UUIDs is the one that does not trace its attempts. */
function attempt(iteration, verdict_kind, error, daemon, random) {
  return { iteration, verdict_kind, error, span_id: daemon.uuids ? "" : random.hex(16) };
}

/** Most calls take about the model's base time, a few several times as long. */
function callTime(model, random) {
  const slow = random.chance(0.04) ? random.int(3, 9) : 1;
  return Math.round(model.base_ms * (0.6 + random.unit() * random.unit() * 1.8) * slow);
}

/** Fills are always checked, e-mails when they name workers, playbooks name none. */
function groundedStamp(kind, random) {
  if (kind === "fill") return true;
  return kind === "email" && random.chance(0.6) ? true : undefined;
}

function withPhantom(session, random) {
  const [first, ...others] = session.artifact.fills;
  const fills = [{ ...first, candidate_id: `W-${random.int(9000, 9999)}`, name: "Alex Doe" }, ...others];
  return { ...session, artifact: { ...session.artifact, fills }, grounded_in_roster: false };
}

function uuid(random) {
  return [
    random.hex(8),
    random.hex(4),
    `4${random.hex(3)}`,
    `${random.pick(["8", "9", "a", "b"])}${random.hex(3)}`,
    random.hex(12),
  ].join("-");
}
