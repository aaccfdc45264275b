import { type DatabaseFaults, type FaultRequest, type LocalState, noFaults } from './state.ts';
import { Problem } from '../../../app/src/commands/problem.ts';

interface Answered {
  readonly subject?: string;
  readonly token?: string;
  readonly error?: string;
}

/** Speaks to the control server of a running local deployment. */
export function createControlClient(control: string) {
  const read = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await fetch(new URL(path, control), { ...init, signal: AbortSignal.timeout(60_000) });
    return response.json();
  };
  const post = async (path: string, body: unknown): Promise<Answered> => {
    const answered = (await read(path, { method: 'POST', body: JSON.stringify(body) })) as Answered;
    if (answered.error !== undefined) throw new Problem(answered.error, 'See `state` for what there is.');
    return answered;
  };
  return {
    state: async (): Promise<LocalState> => (await read('/state')) as LocalState,
    /** An access token for scopes, separated by spaces, from the deployment's issuer. */
    token: async (scope: string): Promise<string> => (await post('/tokens', { scope })).token ?? '',
    /** Does harm. Resolves with the task or zone that it was done to. */
    harm: async (fault: FaultRequest): Promise<string> => (await post('/faults', fault)).subject ?? '',
  };
}

/** Harm on purpose, to a running local deployment. A healthy task or the fullest zone is chosen where none is named. */
export type Faults = ReturnType<typeof createFaults>;

/** @param control address of the control server, as in the deployment's record */
export function createFaults(control: string) {
  const { harm } = createControlClient(control);
  return {
    /** SIGKILL. Resolves with the id of the task. */
    killTask: (task?: string) => harm({ kind: 'kill', task }),
    /** Stops it without ending it: it is alive and answers nothing. Resolves with its id. */
    freezeTask: (task?: string) => harm({ kind: 'freeze', task }),
    /** SIGTERM as a Spot interruption sends it: nobody tells the load balancer before. Resolves with the task's id. */
    interruptTask: (task?: string) => harm({ kind: 'interrupt', task }),
    /** Kills all tasks of a zone, and starts none there until all is healed. Resolves with the zone. */
    loseZone: (zone?: string) => harm({ kind: 'lose-zone', zone }),
    /** Replaces all faults of the database: what isn't named is as it should be. */
    database: (faults: Partial<DatabaseFaults>) =>
      harm({ kind: 'database', database: { ...noFaults, ...faults } }),
    /** Zones are back, and the database is as it should be. */
    heal: () => harm({ kind: 'heal' }),
  };
}
