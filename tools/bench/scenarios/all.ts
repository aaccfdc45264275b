import { database, databaseHot, page } from './database.ts';
import { hot, rotating } from './in-memory.ts';
import type { Scenario } from './scenario.ts';

/** In the order in which they run. */
export const scenarios: readonly Scenario[] = [rotating, hot, database, databaseHot, page];
