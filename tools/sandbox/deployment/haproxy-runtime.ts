import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** Sends one command to HAProxy's runtime API. Resolves with what it printed. */
export async function command(socket: string, line: string): Promise<string> {
  const connection = connect(socket);
  await once(connection, 'connect');
  connection.end(`${line}\n`);
  return (await text(connection)).trim();
}

export interface ServerStatus {
  readonly name: string;
  /** `UP`, `UP 1/2` (going down), `DOWN`, `DRAIN`, `MAINT`, … */
  readonly status: string;
  /** Requests that it has not answered yet. */
  readonly sessions: number;
  /** What the last health check saw: `L7OK`, `L7TOUT`, `L4CON`; `INI` before the first. */
  readonly check: string;
}

/** Reads the servers of a backend from `show stat`: CSV with a header (https://docs.haproxy.org/2.6/management.html#9.1). */
export function readServers(stat: string, backend: string): readonly ServerStatus[] {
  const [header = '', ...lines] = stat.trim().split('\n');
  const names = header.replace(/^# /, '').split(',');
  return lines
    .map((line) => {
      const values = line.split(',');
      const value = (name: string): string => values[names.indexOf(name)] ?? '';
      return {
        proxy: value('pxname'),
        name: value('svname'),
        status: value('status'),
        sessions: Number(value('scur')),
        check: value('check_status'),
      };
    })
    .filter(({ proxy, name }) => proxy === backend && name !== 'BACKEND')
    .map(({ name, status, sessions, check }) => ({ name, status, sessions, check }));
}
