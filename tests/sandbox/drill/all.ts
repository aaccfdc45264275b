import { describeDrills, describeSpentBudget } from './describe-drills.ts';
import { allDrills } from './drills.ts';
import { openLocalAccess } from '../../deployed/open-deployment.ts';

// Run by `make drill` against the local deployment that serves. It is no `*.test.ts`: without one there is nothing to break.
const home = process.env['VERIFY_HOME'] ?? '.cache/local';
const only = (process.env['DRILLS'] ?? '').split(',').filter((id) => id !== '');
const chosen = allDrills.filter(({ id }) => only.length === 0 || only.includes(id));
const local = await openLocalAccess(home);

describeDrills(chosen, () => local);
if (only.length === 0) describeSpentBudget(() => local);
