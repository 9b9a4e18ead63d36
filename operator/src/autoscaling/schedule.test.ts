import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { floorAt, readSchedule, type ScheduleSpec } from "./schedule.ts";

const hourMs = 3_600_000;
const schedule = (changes: Partial<ScheduleSpec> = {}) =>
  readSchedule({ cron: "0 8 * * *", timeZone: "UTC", durationMs: 10 * hourMs, minReplicas: 3, ...changes });
const at = (time: string) => Date.parse(time);
const floor = (schedules: Parameters<typeof floorAt>[0], time: string) => floorAt(schedules, at(time)).minReplicas;

describe("the floor that schedules give", () => {
  test("is there from the opening until just before the end", () => {
    const office = [schedule()];
    expect(floor(office, "2026-03-02T07:59:59.999Z")).toBe(0);
    expect(floor(office, "2026-03-02T08:00:00Z")).toBe(3);
    expect(floor(office, "2026-03-02T17:59:59.999Z")).toBe(3);
    expect(floor(office, "2026-03-02T18:00:00Z")).toBe(0);
  });

  test("is none without schedules, for ever", () => {
    expect(floorAt([], 0)).toEqual({ minReplicas: 0, schedule: undefined, untilMs: Number.POSITIVE_INFINITY });
  });

  test("is the largest of what is open, and names it", () => {
    const [day, noon] = [schedule(), schedule({ cron: "0 12 * * *", durationMs: hourMs, minReplicas: 7 })];
    for (const both of [
      [day, noon],
      [noon, day],
    ]) {
      expect(floorAt(both, at("2026-03-02T12:30:00Z"))).toMatchObject({ minReplicas: 7, schedule: noon });
      expect(floorAt(both, at("2026-03-02T13:00:00Z"))).toMatchObject({ minReplicas: 3, schedule: day });
    }
  });

  test("goes on where one window opens before the last has closed", () => {
    const hourly = [schedule({ cron: "0 * * * *", durationMs: 90 * 60_000 })];
    for (let minute = 0; minute < 240; minute += 7) {
      expect(floorAt(hourly, at("2026-03-02T08:00:00Z") + minute * 60_000).minReplicas).toBe(3);
    }
  });

  test("stays over midnight and over the year's end", () => {
    const night = [schedule({ cron: "0 22 31 12 *" })];
    expect(floor(night, "2026-12-31T21:59:00Z")).toBe(0);
    expect(floor(night, "2027-01-01T07:59:00Z")).toBe(3);
    expect(floor(night, "2027-01-01T08:00:00Z")).toBe(0);
  });

  test("opens on weekdays only where the cron says so", () => {
    const weekdays = [schedule({ cron: "0 8 * * mon-fri" })];
    expect(floor(weekdays, "2026-03-06T09:00:00Z")).toBe(3); // a Friday
    expect(floor(weekdays, "2026-03-07T09:00:00Z")).toBe(0);
    expect(floor(weekdays, "2026-03-08T09:00:00Z")).toBe(0);
    expect(floor(weekdays, "2026-03-09T09:00:00Z")).toBe(3);
  });
});

describe("in a zone with summer time", () => {
  const berlin = [schedule({ timeZone: "Europe/Berlin", durationMs: hourMs })];

  test("a window opens by the clock on the wall, before the change and after it", () => {
    expect(floor(berlin, "2026-03-28T07:00:00Z")).toBe(3); // 8:00 CET
    expect(floor(berlin, "2026-03-29T07:00:00Z")).toBe(0); // 9:00 CEST
    expect(floor(berlin, "2026-03-29T06:00:00Z")).toBe(3); // 8:00 CEST
    expect(floor(berlin, "2026-10-25T07:00:00Z")).toBe(3); // 8:00 CET again
  });

  test("a time that the night leaves out comes when the clock has passed it", () => {
    const halfPastTwo = [schedule({ cron: "30 2 * * *", timeZone: "Europe/Berlin", durationMs: hourMs })];
    expect(floor(halfPastTwo, "2026-03-29T00:59:59Z")).toBe(0); // 1:59:59, and next is 3:00
    expect(floor(halfPastTwo, "2026-03-29T01:00:00Z")).toBe(3);
    expect(floor(halfPastTwo, "2026-03-29T02:00:00Z")).toBe(0);
  });

  test("a time that comes twice in a night opens one window, the first time", () => {
    const halfPastTwo = [schedule({ cron: "30 2 * * *", timeZone: "Europe/Berlin", durationMs: hourMs })];
    expect(floor(halfPastTwo, "2026-10-25T00:30:00Z")).toBe(3); // 2:30 CEST
    expect(floor(halfPastTwo, "2026-10-25T01:29:59Z")).toBe(3);
    expect(floor(halfPastTwo, "2026-10-25T01:30:00Z")).toBe(0); // 2:30 CET
  });

  test("a window over the change is as long as it says", () => {
    const night = [schedule({ cron: "0 0 * * *", timeZone: "Europe/Berlin", durationMs: 6 * hourMs })];
    expect(floor(night, "2026-03-29T04:59:59Z")).toBe(3); // from 0:00 CET to 7:00 CEST
    expect(floor(night, "2026-03-29T05:00:00Z")).toBe(0);
  });
});

test("nothing changes before the time that the floor tells, and looking then is enough", () => {
  const minute = fc.integer({ min: 0, max: 59 });
  const spec = fc.record({
    cron: fc
      .tuple(minute, fc.constantFrom("*", "8", "*/6", "1-5"), fc.constantFrom("*", "1-5"))
      .map(([m, h, days]) => `${m} ${h} * * ${days}`),
    timeZone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"),
    durationMs: fc.integer({ min: 1, max: 36 * 60 }).map((minutes) => minutes * 60_000),
    minReplicas: fc.integer({ min: 1, max: 5 }),
  });
  const moment = fc.integer({ min: at("2026-03-25T00:00:00Z"), max: at("2026-11-05T00:00:00Z") });
  fc.assert(
    fc.property(
      fc.array(spec, { minLength: 1, maxLength: 3 }),
      moment,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (specs, nowMs, share) => {
        const schedules = specs.map(readSchedule);
        const { minReplicas, untilMs } = floorAt(schedules, nowMs);
        expect(untilMs).toBeGreaterThan(nowMs);
        const between = Math.floor(nowMs + (Math.min(untilMs, nowMs + 48 * hourMs) - 1 - nowMs) * share);
        expect(floorAt(schedules, between).minReplicas).toBe(minReplicas);
      },
    ),
    { numRuns: 300 },
  );
});

describe("a schedule that cannot be kept is told with field, found and expected", () => {
  test.each([
    [{ timeZone: "Europe/Berln" }, "timeZone", "found 'Europe/Berln': expected a name of the IANA time zone database"],
    [{ cron: "0 8 31 2 *" }, "cron", "found '0 8 31 2 *', which never comes: expected a day that the month has"],
    [{ cron: "0 8 * * 5-1" }, "cron", "From value is larger than to value: '5-1'"],
    [{ cron: "0 8 * *" }, "cron", "expected minute hour day-of-month month day-of-week, such as '0 8 * * 1-5'"],
  ])("%o", (changes, field, message) => {
    expect(() => schedule(changes)).toThrow(
      expect.objectContaining({ field, message: expect.stringContaining(message) }),
    );
  });
});
