import { database, databaseCold, databaseHot, page } from './database.ts';
import { eventLoop } from './event-loop.ts';
import { cold, hot, rotating } from './in-memory.ts';
import { latency } from './latency.ts';
import { loader, million } from './loader.ts';
import { memory, soak } from './memory.ts';
import type { Scenario } from './scenario.ts';
import { start } from './start.ts';
import { tracing } from './tracing.ts';

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [
  rotating,
  cold,
  hot,
  latency,
  database,
  databaseCold,
  databaseHot,
  page,
  start,
  memory,
  soak,
  eventLoop,
  loader,
  million,
  tracing,
];
