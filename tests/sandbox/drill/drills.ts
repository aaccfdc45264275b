import type { Drill } from './drill.ts';
import { pagedOutage } from './drills/alerts.ts';
import { goneDatabase, slowDatabase, throttlingDatabase } from './drills/database.ts';
import { brokenDeployment, rollingDeployment } from './drills/deployments.ts';
import { hungTask, killedTask, lostZone } from './drills/lost-tasks.ts';

/** The two shortest; every test run has them. */
export const shortDrills: readonly Drill[] = [killedTask, slowDatabase];

export const longDrills: readonly Drill[] = [
  throttlingDatabase,
  goneDatabase,
  hungTask,
  lostZone,
  rollingDeployment,
  brokenDeployment,
  pagedOutage,
];

export const allDrills: readonly Drill[] = [...shortDrills, ...longDrills];
