import { Problem } from '../../../app/src/commands/problem.ts';
import { type DatabaseFaults, noFaults } from './database.ts';
import type { LocalState } from './state.ts';

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
    post,
  };
}

/** Harm on purpose, to a running local deployment. */
export interface Faults {
  /** SIGKILL. Resolves with the id of the task; without one, a healthy task is chosen. */
  readonly killTask: (task?: string) => Promise<string>;
  /** Stops it without ending it: it is alive and answers nothing. Resolves with its id. */
  readonly freezeTask: (task?: string) => Promise<string>;
  readonly thawTask: (task: string) => Promise<string>;
  /** Kills all tasks of a zone, and starts none there until it is restored. Without a name, the fullest. Resolves with the zone. */
  readonly loseZone: (zone?: string) => Promise<string>;
  readonly restoreZone: (zone: string) => Promise<string>;
  /** Replaces all faults of the database: what isn't named is as it should be. */
  readonly database: (faults: Partial<DatabaseFaults>) => Promise<void>;
  /** Zones are back, and the database is as it should be. */
  readonly heal: () => Promise<void>;
}

/** Faults by name, as the control server takes them. */
export type FaultRequest =
  | { readonly kind: 'kill' | 'freeze' | 'thaw'; readonly task?: string }
  | { readonly kind: 'lose-zone' | 'restore-zone'; readonly zone?: string }
  | { readonly kind: 'database'; readonly database: DatabaseFaults }
  | { readonly kind: 'heal' };

/** @param control address of the control server, as in the deployment's record */
export function createFaults(control: string): Faults {
  const { post } = createControlClient(control);
  const harm = async (fault: FaultRequest): Promise<string> => (await post('/faults', fault)).subject ?? '';
  const ofTask = (kind: 'kill' | 'freeze' | 'thaw', task?: string): Promise<string> =>
    harm({ kind, ...(task === undefined ? {} : { task }) });
  const ofZone = (kind: 'lose-zone' | 'restore-zone', zone?: string): Promise<string> =>
    harm({ kind, ...(zone === undefined ? {} : { zone }) });
  return {
    killTask: (task) => ofTask('kill', task),
    freezeTask: (task) => ofTask('freeze', task),
    thawTask: (task) => ofTask('thaw', task),
    loseZone: (zone) => ofZone('lose-zone', zone),
    restoreZone: (zone) => ofZone('restore-zone', zone),
    database: async (faults) => {
      await harm({ kind: 'database', database: { ...noFaults, ...faults } });
    },
    heal: async () => {
      await harm({ kind: 'heal' });
    },
  };
}
