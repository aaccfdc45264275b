import { Problem } from '../../../app/src/commands/problem.ts';
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
