import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { GetIPSetCommand, UpdateIPSetCommand, WAFV2Client } from '@aws-sdk/client-wafv2';
import { Misuse, Problem } from '../../app/src/commands/problem.ts';
import { clientSettings } from '../lib/terraform/emulated.ts';

/** Every address, in two halves: AWS WAF takes no /0. */
const everybody = ['0.0.0.0/1', '128.0.0.0/1'];
const longestMinutes = 12 * 60;

/** The output `maintenance` of terraform/. */
export interface Firewall {
  readonly ipSet: { readonly Id: string; readonly Name: string; readonly Scope: 'REGIONAL' };
  readonly scheduleGroup: string;
  readonly roleArn: string;
}

/** What a person asks of maintenance mode: `on` for so many minutes, `off`, or what it is. */
export type Wanted = { readonly minutes: number } | 'off' | 'told';

/** @param on a duration, such as 30m or 2h; `off` is any word: both as make passes them, empty when they aren't given */
export function readWanted(on: string, off: string): Wanted {
  if (on !== '' && off !== '') throw new Misuse('It is asked to go on and off.', 'Give ON=30m, or OFF=yes.');
  if (off !== '') return 'off';
  if (on === '') return 'told';
  const [, number = '', unit = ''] = /^(\d+)([mh])$/.exec(on) ?? [];
  const minutes = Number(number) * (unit === 'h' ? 60 : 1);
  if (minutes >= 1 && minutes <= longestMinutes) return { minutes };
  throw new Misuse(
    `${on} is not how long maintenance may last.`,
    `Give minutes or hours, such as ON=30m or ON=2h, at most ${longestMinutes / 60}h. It is prolonged by a second ON.`,
  );
}

export function readFirewall({ maintenance: read }: { readonly maintenance?: unknown }): Firewall {
  const values: Readonly<Record<string, unknown>> =
    typeof read === 'object' && read !== null ? { ...read } : {};
  const text = (name: string): string => {
    const value = values[name];
    if (typeof value === 'string') return value;
    throw new Problem('This deployment has no maintenance mode yet.', 'Deploy this commit first.');
  };
  return {
    ipSet: { Id: text('ip_set_id'), Name: text('ip_set_name'), Scope: 'REGIONAL' },
    scheduleGroup: text('schedule_group'),
    roleArn: text('role_arn'),
  };
}

/** Region, and the address of an emulated account, where credentials mean nothing. */
export interface Place {
  readonly region: string;
  readonly endpoint?: string;
}

/** Turns maintenance on or off, and resolves with what then holds, as a sentence. */
export async function maintain(
  place: Place,
  { ipSet, scheduleGroup, roleArn }: Firewall,
  wanted: Wanted,
  now: () => number,
): Promise<string> {
  const settings = clientSettings(place.endpoint, place.region);
  const clients = [new WAFV2Client(settings), new SchedulerClient(settings)] as const;
  const [waf, scheduler] = clients;

  const schedules = async (): Promise<readonly string[]> => {
    const { Schedules: found = [] } = await scheduler.send(
      new ListSchedulesCommand({ GroupName: scheduleGroup }),
    );
    return found.map(({ Name: name = '' }) => name);
  };
  const forget = async (names: readonly string[]): Promise<void> => {
    for (const Name of names)
      await scheduler.send(new DeleteScheduleCommand({ GroupName: scheduleGroup, Name }));
  };
  /** Resolves with the token that the next change has to name. */
  const tell = async (Addresses: string[]): Promise<string> => {
    const { LockToken } = await waf.send(new GetIPSetCommand(ipSet));
    const { NextLockToken = '' } = await waf.send(new UpdateIPSetCommand({ ...ipSet, Addresses, LockToken }));
    return NextLockToken;
  };
  /** The end needs the token of the beginning, so it is made after it; a beginning without an end is taken back. */
  const begin = async (until: Date): Promise<void> => {
    const former = await schedules();
    const LockToken = await tell(everybody);
    const at = until.toISOString().slice(0, 19);
    try {
      await scheduler.send(
        new CreateScheduleCommand({
          GroupName: scheduleGroup,
          Name: `ends-${at.replaceAll(':', '-')}`,
          ScheduleExpression: `at(${at})`,
          FlexibleTimeWindow: { Mode: 'OFF' },
          ActionAfterCompletion: 'DELETE',
          Target: {
            Arn: `${roleArn.split(':').slice(0, 2).join(':')}:scheduler:::aws-sdk:wafv2:updateIPSet`,
            RoleArn: roleArn,
            Input: JSON.stringify({ ...ipSet, Addresses: [], LockToken }),
          },
        }),
      );
    } catch (error) {
      await tell([]);
      await forget(former);
      throw new Problem(
        `Its end can't be scheduled, so maintenance is off: ${String(error)}`,
        `It takes scheduler:CreateSchedule in the group ${scheduleGroup}, and iam:PassRole of ${roleArn}.`,
      );
    }
    // Their tokens no longer fit: they would fail, and page.
    await forget(former);
  };

  try {
    if (typeof wanted === 'object') await begin(new Date(now() + wanted.minutes * 60_000));
    if (wanted === 'off') {
      await tell([]);
      await forget(await schedules());
    }
    const { IPSet: { Addresses: told = [] } = {} } = await waf.send(new GetIPSetCommand(ipSet));
    const ends = (await schedules()).map((name) =>
      name.replace(/^ends-(\S+)T(\d+)-(\d+)-(\d+)$/, '$1 $2:$3:$4 UTC'),
    );
    return told.length === 0
      ? 'Maintenance is off: callers are served.'
      : `Maintenance is ON: callers are answered 503. It ends ${ends.join(', ') || 'when somebody says OFF=yes: NO END IS SCHEDULED'}.`;
  } finally {
    clients.forEach((client) => {
      client.destroy();
    });
  }
}
