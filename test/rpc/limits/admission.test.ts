import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Admission, createAdmission, type Lane, type Ticket } from "../../../src/rpc/limits/admission.js";

const LIMITS = { lane_calls_max: 4, lane_bytes_max: 100, total_bytes_max: 300, share_bytes: 10 };

/** A call whose stream notes whether it is read. */
function enter(admission: Admission, lane: Lane, reserve_bytes = 0) {
  const stream = { flowing: false };
  const gate = {
    resume() {
      stream.flowing = true;
    },
    pause() {
      stream.flowing = false;
    },
  };
  const ticket: Ticket = admission.enter(lane, gate, reserve_bytes);
  return {
    ticket,
    get flowing() {
      return stream.flowing;
    },
    grow: (bytes: number) => admission.grow(ticket, bytes),
    unpacked: (bytes: number) => admission.unpacked(ticket, bytes),
    complete: () => admission.complete(ticket),
    leave: () => admission.leave(ticket),
  };
}

describe("createAdmission", () => {
  test("createAdmission holds no small calls", () => {
    const admission = createAdmission({ ...LIMITS, lane_calls_max: 100 });
    const lane = admission.openLane();
    const calls = Array.from({ length: 32 }, () => enter(admission, lane));
    for (const call of calls) call.grow(1);
    expect(calls.every(({ flowing }) => flowing)).toBe(true);
    for (const call of calls) call.complete();
    for (const call of calls) call.leave();
    expect([admission.pending_bytes, admission.waiting, lane.places]).toEqual([0, 0, 0]);
  });

  test("createAdmission reads only the oldest call of a lane that has too much pending", () => {
    const admission = createAdmission(LIMITS);
    const lane = admission.openLane();
    const first = enter(admission, lane);
    const second = enter(admission, lane);
    second.grow(99);
    expect([first.flowing, second.flowing]).toEqual([true, true]);
    second.grow(1);
    expect([first.flowing, second.flowing]).toEqual([true, false]);
    first.grow(50);
    const third = enter(admission, lane);
    expect([first.flowing, third.flowing, admission.waiting]).toEqual([true, false, 2]);

    first.complete();
    expect([second.flowing, third.flowing]).toEqual([true, false]);
    first.leave();
    second.complete();
    second.leave();
    expect([third.flowing, admission.waiting]).toEqual([true, 0]);
  });

  test("createAdmission counts places until a call leaves", () => {
    const admission = createAdmission(LIMITS);
    const lane = admission.openLane();
    const calls = Array.from({ length: 5 }, () => enter(admission, lane));
    for (const call of calls.slice(0, 4)) call.complete();
    expect(calls[4]?.flowing).toBe(false);
    calls[2]?.leave();
    expect(calls[4]?.flowing).toBe(true);
  });

  test("createAdmission reserves what unpacking may take, until it is known", () => {
    const admission = createAdmission(LIMITS);
    const lane = admission.openLane();
    const calls = Array.from({ length: 4 }, () => enter(admission, lane, 60));
    expect(calls.map(({ flowing }) => flowing)).toEqual([true, true, false, false]);
    calls[1]?.unpacked(5);
    expect([calls.map(({ flowing }) => flowing), lane.pending_bytes]).toEqual([[true, true, true, false], 125]);
    calls[0]?.leave();
    expect([calls[3]?.flowing, lane.pending_bytes]).toEqual([true, 125]);
  });

  test("createAdmission leaves each lane its share when the others have all", () => {
    const admission = createAdmission(LIMITS);
    const greedy = Array.from({ length: 6 }, () => enter(admission, admission.openLane()));
    for (const call of greedy) call.grow(60);
    expect(admission.pending_bytes).toBeGreaterThanOrEqual(LIMITS.total_bytes_max);
    const small = enter(admission, admission.openLane());
    small.grow(9);
    expect(small.flowing).toBe(true);
    small.grow(1);
    expect(small.flowing).toBe(false);
  });

  test("createAdmission gives what is left to one lane after the other", () => {
    const admission = createAdmission(LIMITS);
    const lanes = Array.from({ length: 4 }, () => enter(admission, admission.openLane()));
    for (const call of lanes) call.grow(99);
    for (const call of lanes) call.grow(1);
    const readers = () => lanes.flatMap(({ flowing }, index) => (flowing ? [index] : []));
    const seen = new Set<number>();
    for (let turn = 0; turn < 8; turn += 1) {
      for (const index of readers()) {
        lanes[index]?.grow(1);
        seen.add(index);
      }
      expect(readers().length).toBe(1);
      admission.rotate();
      for (const call of lanes) if (call.flowing) call.grow(0);
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3]);

    for (const call of lanes) call.leave();
    expect([admission.pending_bytes, admission.waiting]).toEqual([0, 0]);
  });

  test("createAdmission reads what waits once the limits are higher", () => {
    const limits = { ...LIMITS };
    const admission = createAdmission(limits);
    const [greedy, other] = [admission.openLane(), admission.openLane()];
    const first = enter(admission, greedy);
    first.grow(300);
    const waiting = enter(admission, other);
    waiting.grow(10);
    const behind = enter(admission, other);
    expect([waiting.flowing, behind.flowing]).toEqual([false, false]);
    Object.assign(limits, { total_bytes_max: 1_000, lane_bytes_max: 1_000 });
    admission.rotate();
    expect([waiting.flowing, behind.flowing, admission.waiting]).toEqual([true, true, 0]);
  });

  test("createAdmission ends with nothing pending, and never stops for good", () => {
    const step = fc.record({ lane: fc.nat(3), call: fc.nat(9), act: fc.nat(5), bytes: fc.nat(80) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const admission = createAdmission(LIMITS);
        const lanes = Array.from({ length: 4 }, () => ({ lane: admission.openLane(), calls: [] as Call[] }));
        for (const { lane, call, act, bytes } of steps) {
          const at = lanes[lane];
          if (at === undefined) continue;
          const chosen = at.calls[call % Math.max(1, at.calls.length)];
          if (act === 0 || chosen === undefined) at.calls.push(enter(admission, at.lane, bytes > 70 ? 30 : 0));
          else if (act <= 2 && chosen.flowing && chosen.ticket.reading) chosen.grow(bytes);
          else if (act === 3 && chosen.ticket.reading) chosen.complete();
          else if (act === 4) at.calls.splice(at.calls.indexOf(chosen), 1)[0]?.leave();
          else admission.rotate();
        }
        // Every call comes to its end, whichever is read first.
        for (let round = 0; round < 500; round += 1) {
          for (const { calls } of lanes) {
            const index = calls.findIndex(({ ticket }) => ticket.reading || !ticket.lane.incomplete.has(ticket));
            if (index >= 0) calls.splice(index, 1)[0]?.leave();
          }
          admission.rotate();
        }
        expect(lanes.map(({ calls }) => calls.length)).toEqual([0, 0, 0, 0]);
        expect([admission.pending_bytes, admission.waiting]).toEqual([0, 0]);
      }),
    );
  });
});

type Call = ReturnType<typeof enter>;
