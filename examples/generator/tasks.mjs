// What the daemons ask for: prompts, the artifacts that come back, and what a validator says of the bad ones.
import { roles, sites } from "./roster.mjs";

/**
 * @typedef {object} Task
 * @property {string} prompt
 * @property {(ids?: readonly string[]) => object} artifact  what is accepted; `ids` in place of the right workers
 * @property {() => string} refusal  why a validator turned an attempt down
 */

const shifts = ["06:00-14:00", "14:00-22:00", "22:00-06:00", "07:30-16:00"];
const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const phantomId = (random) => `W-${random.int(9000, 9999)}`;

/** Workers for the slots of a shift. @returns {Task} */
function fillTask(random, roster) {
  const role = random.pick(roles);
  const fitting = roster.filter((worker) => worker.role === role && worker.active);
  const workers = random.sample(fitting, random.int(1, 4));
  const site = random.pick(sites);
  const shift = `${random.pick(days)} ${random.pick(shifts)}`;
  const slots = workers.length === 1 ? "slot" : "slots";
  const plain = `Fill ${workers.length} ${role} ${slots} at ${site}, ${shift}.`;
  // Somebody of the right role whom no accepted answer names.
  const booked = random.pick(fitting.filter((worker) => !workers.includes(worker)));
  const unfit = random.pick(roster.filter((worker) => worker.role !== role));
  const resting = random.pick(roster.filter((worker) => !worker.active));
  const slot = () => `fills[${random.int(0, workers.length - 1)}]`;
  return {
    prompt: random.weighted([
      [plain, 6],
      [`${plain}\nPrefer people who worked there last week; nobody over 48 h.\nAnswer with JSON only.`, 2],
      [
        `${plain} The site manager asked for "anyone but ${workers[0].name}" – honour it only if the slots can be filled.`,
        1,
      ],
      [`${plain}\n\nKnown absences:\n- ${resting.name} (${resting.worker_id}): "bis auf Weiteres krank"\n`, 1],
    ]),
    artifact: (ids = workers.map((worker) => worker.worker_id)) => ({
      fills: ids.map((id, index) => ({
        candidate_id: id,
        name: workers[index % workers.length].name,
        slot: index + 1,
      })),
      shift,
      site,
    }),
    refusal: () =>
      random.weighted([
        [`${slot()}.candidate_id "${phantomId(random)}" is not on the roster`, 40],
        [`phantom worker ${phantomId(random)}`, 8],
        [
          `${slot()}: ${booked.worker_id} (${booked.name}) is double-booked: already on ${random.pick(sites)}, ${shift}`,
          20,
        ],
        [`fills: expected ${workers.length} entries, got ${workers.length + random.pick([-1, 1])}`, 12],
        [`${slot()}: ${unfit.worker_id} is hired as ${unfit.role}, the slot asks for ${role}`, 12],
        [`${slot()}.candidate_id "${resting.worker_id}" is not active`, 8],
      ]),
  };
}

/** A message to a worker. @returns {Task} */
function emailTask(random, roster) {
  const worker = random.pick(roster.filter((each) => each.active));
  const site = random.pick(sites);
  const [subject, reason] = random.pick([
    ["Shift moved", "the line is serviced in the morning"],
    ["Your badge", "the old one stops working on Friday"],
    ["Overtime on Saturday", "a truck comes late"],
    ["Dienstplan geändert", "Inventur am Nachmittag"],
    ["Safety briefing", 'the "hot work" rules have changed'],
  ]);
  const first = worker.name.split(" ")[0];
  return {
    prompt: random.weighted([
      [`Write to ${worker.name} (${worker.worker_id}), ${site}: ${subject}. Reason: ${reason}.`, 3],
      [
        `Write a short e-mail.\n\nTo: ${worker.name}\nSubject: "${subject}"\nReason: ${reason}\nTone: friendly, no emoji 🙂`,
        2,
      ],
    ]),
    artifact: () => ({
      body: `Hi ${first},\n\n${reason[0].toUpperCase()}${reason.slice(1)}. Please come to "${site}" at ${random.int(6, 9)}:00.\n\nThanks,\nPlanning\n`,
      subject,
      to: worker.worker_id,
    }),
    refusal: () =>
      random.weighted([
        ['placeholder "[NAME]" left in body', 30],
        [`body: ${random.int(1201, 2600)} characters, at most 1200 are allowed`, 25],
        [`to: "${phantomId(random)}" is not on the roster`, 20],
        ["subject is empty", 15],
        [`body mentions "${random.pick(roster).name}", who is not addressed`, 10],
      ]),
  };
}

/** Steps for people to follow. @returns {Task} */
function playbookTask(random) {
  const site = random.pick(sites);
  const event = random.pick(["no-show at shift start", "conveyor stop", "cold chain alarm", "late truck", "power cut"]);
  const owners = ["shift lead", "planner", "site manager"];
  const steps = [
    "Confirm it by phone",
    'Log it as "open"',
    "Call the stand-by list",
    "Tell the client",
    "Close the entry → done",
  ];
  return {
    prompt: random.pick([
      `Playbook for: ${event} at ${site}. 3 to 5 steps, each with an owner.`,
      `What should a new shift lead do on a "${event}" at ${site}?\nSteps with owner and minutes.`,
    ]),
    artifact: () => ({
      estimate_h: random.int(1, 16) / 4,
      steps: steps
        .slice(0, random.int(3, 5))
        .map((text) => ({ minutes: random.int(2, 30), owner: random.pick(owners), text })),
      title: `${event[0].toUpperCase()}${event.slice(1)} at ${site}`,
    }),
    refusal: () =>
      random.weighted([
        [`steps[${random.int(0, 4)}].owner "${random.pick(["night lead", "AI", "somebody"])}" is not a known role`, 40],
        [`steps: at least 3 expected, got ${random.int(0, 2)}`, 35],
        [`steps[${random.int(0, 4)}].minutes must be a number, got "about ${random.int(5, 30)}"`, 25],
      ]),
  };
}

const makers = { fill: fillTask, email: emailTask, playbook: playbookTask };

/**
 * @param {"fill" | "email" | "playbook"} kind
 * @param {import("./random.mjs").Random} random
 * @param {readonly import("./roster.mjs").Worker[]} roster
 * @returns {Task}
 */
export function makeTask(kind, random, roster) {
  return makers[kind](random, roster);
}

/** Why no JSON was found in a model's answer. */
export function noJsonText(random) {
  return random.weighted([
    ["no JSON object in output", 50],
    [`unexpected end of JSON input at offset ${random.int(180, 4100)}`, 25],
    ['output is prose: "Sure! Here are the people I would pick:\n\n1. …"', 15],
    ["output stops inside a ```json block", 10],
  ]);
}
