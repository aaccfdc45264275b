import type { AlarmState, Reported } from '../support/cloudwatch/alarm.ts';

/** What an alarm is for, as what its metrics report in a period. */
export interface Scenario {
  readonly well: Reported;
  readonly wrong: Reported;
  /** Near to wrong, and not yet: nobody is told, however long it lasts. */
  readonly nearly: readonly Reported[];
  /** Periods until it fires, and until it resolves once all is well again. */
  readonly fires: number;
  readonly resolves: number;
  /** Where it ends when nothing is reported any more, after it was well. */
  readonly silent: AlarmState;
}

const healthy: Pick<Scenario, 'well' | 'wrong' | 'nearly' | 'silent'> = {
  well: { healthy: 2 },
  wrong: { healthy: 0 },
  nearly: [{ healthy: 1 }],
  silent: 'ALARM',
};
const none = {};

/** Each alarm of the plans, by its address; zones share one. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  'symptom["no-healthy-task"]': { ...healthy, fires: 1, resolves: 1 },
  'symptom["no-healthy-task-in-ZONE"]': { ...healthy, fires: 5, resolves: 1 },
  // Errors are reported only when there are any.
  'symptom["edge-errors"]': {
    well: { requests: 600 },
    wrong: { requests: 600, errors: 7 },
    nearly: [{ requests: 600, errors: 5 }, { errors: 4 }],
    fires: 3,
    resolves: 2,
    silent: 'OK',
  },
  'symptom["task-errors"]': {
    well: { requests: 600 },
    wrong: { requests: 600, errors: 7 },
    nearly: [
      { requests: 600, errors: 5 },
      { requests: 4, errors: 4 },
    ],
    fires: 5,
    resolves: 2,
    silent: 'OK',
  },
  'symptom["slow-answers"]': {
    well: { p99: 0.04 },
    wrong: { p99: 1.2 },
    nearly: [{ p99: 0.9 }],
    fires: 3,
    resolves: 1,
    silent: 'OK',
  },
  'symptom["fewer-tasks-than-desired"]': {
    well: { desired: 3, running: 3 },
    wrong: { desired: 3, running: 2 },
    nearly: [{ desired: 3, running: 4 }],
    fires: 10,
    resolves: 1,
    silent: 'OK',
  },
  'symptom["tasks-restarting"]': {
    well: { stops: 0 },
    wrong: { stops: 3 },
    nearly: [{ stops: 2 }],
    fires: 1,
    resolves: 1,
    silent: 'OK',
  },
  'symptom["scaling-at-maximum"]': {
    well: { desired: 1 },
    wrong: { desired: Number.POSITIVE_INFINITY }, // replaced by the environment's maximum
    nearly: [],
    fires: 15,
    resolves: 1,
    silent: 'OK',
  },
  // Throttles are reported only when there are any, of the table and of each index.
  'symptom["table-throttled"]': {
    well: none,
    wrong: { writethrottleevents_title_year: 1 },
    nearly: [{ readthrottleevents: 0 }],
    fires: 5,
    resolves: 2,
    silent: 'OK',
  },
  'symptom["table-errors"]': {
    well: none,
    wrong: { getitem: 3, query: 3 },
    nearly: [{ getitem: 2, query: 2 }],
    fires: 3,
    resolves: 2,
    silent: 'OK',
  },
  'symptom["table-near-its-limit"]': {
    well: { reads: 60_000, writes: 600 },
    wrong: { reads: 0.81 * 40_000 * 60, writes: 600 },
    nearly: [{ reads: 0.79 * 40_000 * 60, writes: 0.79 * 40_000 * 60 }],
    fires: 5,
    resolves: 2,
    silent: 'OK',
  },
  'symptom["log-errors"]': {
    well: { errors: 0 },
    wrong: { errors: 10 },
    nearly: [{ errors: 9 }],
    fires: 1,
    resolves: 1,
    silent: 'OK',
  },
  // The balancer's health checks alone are dozens of lines.
  'symptom["logs-missing"]': {
    well: { events: 40 },
    wrong: { events: 0 },
    nearly: [{ events: 1 }],
    fires: 3,
    resolves: 1,
    silent: 'ALARM',
  },
  'symptom["metrics-missing"]': {
    well: { running: 2 },
    wrong: { running: 0 },
    nearly: [{ running: 1 }],
    fires: 5,
    resolves: 1,
    silent: 'ALARM',
  },
  'symptom["certificate-expiring"]': {
    well: { days: 300 },
    wrong: { days: 29 },
    nearly: [{ days: 30 }],
    fires: 1,
    resolves: 1,
    silent: 'OK',
  },
  blocked_requests: {
    well: { blocked: 120 },
    wrong: { blocked: 200 },
    nearly: [{ blocked: 170 }],
    fires: 3,
    resolves: 1,
    silent: 'OK',
  },
  // These tell nobody: they undo a deployment.
  'deployment["target-errors"]': {
    well: none,
    wrong: { metric: 11 },
    nearly: [{ metric: 10 }],
    fires: 2,
    resolves: 3,
    silent: 'OK',
  },
  'deployment["unhealthy-targets"]': {
    well: { metric: 0 },
    wrong: { metric: 1 },
    nearly: [],
    fires: 2,
    resolves: 1,
    silent: 'OK',
  },
};
